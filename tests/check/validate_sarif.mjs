// Holds SARIF files against the OASIS schema (shipped by @microsoft/jest-sarif, draft-04).
//     node validate_sarif.mjs NODE_MODULES FILE...
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [modules, ...files] = process.argv.slice(2);
const require = createRequire(join(modules, 'here.js'));
const Ajv = require('ajv-draft-04');
const formats = require('ajv-formats');
const ajv = new (Ajv.default ?? Ajv)({ strict: false, allErrors: true, unicodeRegExp: false });
(formats.default ?? formats)(ajv);
const folder = join(modules, '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
const validate = ajv.compile(JSON.parse(readFileSync(folder, 'utf8')));
let bad = 0;
for (const file of files) {
	if (validate(JSON.parse(readFileSync(file, 'utf8'))))
		continue;
	bad++;
	console.log(file, JSON.stringify(validate.errors.slice(0, 5), null, 1));
}
process.exit(bad ? 1 : 0);

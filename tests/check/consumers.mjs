// What other people's readers make of the formats of `check`, as JSON: one line for each file.
//     node consumers.mjs NODE_MODULES junit|sarif|github FILE...
//   junit   junit2json: the numbers of the suite, its cases, and what they print
//   sarif   sarif-junit: the cases it makes of the results, and how many fail
//   github  @actions/core, which spells workflow commands: whether it spells each line as it is in the file
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, format, ...files] = process.argv.slice(2);
const require = createRequire(join(modules, 'here.js'));
const { parse } = await import(pathToFileURL(join(modules, 'junit2json/dist/esm/index.js')).href);

async function suiteOf(xml) {
	const suites = await parse(xml);
	// sarif-junit adds to the suites of the files before.
	const suite = (suites.testsuite ?? [suites]).at(-1);
	const cases = suite.testcase ?? [];
	return {
		tests: suite.tests, failures: suite.failures, errors: suite.errors, skipped: suite.skipped,
		cases: cases.map((one) => ({
			name: one.name,
			state: one.failure ? 'failure' : one.error ? 'error' : one.skipped ? 'skipped' : 'passed',
			text: (one.failure ?? one.error ?? []).map((trouble) => trouble.inner ?? '').join(''),
			printed: (one['system-out'] ?? []).join(''),
		})),
	};
}

async function sarif(file) {
	const folder = mkdtempSync(join(tmpdir(), 'sarif-'));
	try {
		const to = join(folder, 'junit.xml');
		const done = require('sarif-junit/lib/converter')({ _: [], i: file, o: to });
		if (done.error)
			return { error: done.error };
		const suite = await suiteOf(readFileSync(to, 'utf8'));
		return { cases: suite.cases.length, failures: suite.cases.filter((one) => one.state === 'failure').length };
	} finally {
		rmSync(folder, { recursive: true });
	}
}

// The runner's own reading of a line (actions/runner, ActionCommand.cs), then the toolkit's spelling of that.
function respell(line) {
	const found = /^::(\w+)(?: ([^:]*(?:%3A[^:]*)*))?::(.*)$/.exec(line);
	if (!found)
		return { line, plain: true };
	const plain = (text) => text.replaceAll('%0D', '\r').replaceAll('%0A', '\n');
	const properties = {};
	for (const pair of (found[2] ?? '').split(',').filter(Boolean)) {
		const at = pair.indexOf('=');
		properties[pair.slice(0, at)] =
			plain(pair.slice(at + 1)).replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%');
	}
	const message = plain(found[3]).replaceAll('%25', '%');
	const write = process.stdout.write;
	let spelled = '';
	process.stdout.write = (text) => { spelled += text; return true; };
	try {
		require('@actions/core/lib/command').issueCommand(found[1], properties, message);
	} finally {
		process.stdout.write = write;
	}
	return { line, command: found[1], properties, message, same: spelled === line + '\n', spelled };
}

const readers = {
	junit: (file) => suiteOf(readFileSync(file, 'utf8')),
	sarif,
	github: (file) => readFileSync(file, 'utf8').split('\n').filter(Boolean).map(respell),
};
for (const file of files)
	console.log(JSON.stringify(await readers[format](file)));

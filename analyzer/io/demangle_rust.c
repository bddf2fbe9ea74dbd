/*
 * demangle_rust.c: v0 by recursive descent over the grammar of RFC 2603, whose productions its functions are
 * named after; the older mangling by its list of escapes.
 */
#include "demangle_rust.h"

#include <stdlib.h>
#include <string.h>

#include "demangle_text.h"

enum {
	DEPTH_LIMIT = 128,
	/* A back reference goes on reading where it leads to: names of 100 bytes can mean billions. */
	STEP_LIMIT = 1 << 16,
};

struct parser {
	const char *name; /* behind "_R" */
	size_t length;
	size_t at;
	struct demangle_text text;
	unsigned depth;
	unsigned steps;
	unsigned lifetimes; /* bound by enclosing for<> */
	unsigned silent;    /* parse, print nothing */
	bool failed;
};

static void parse_path(struct parser *parser, bool in_value);
static void parse_type(struct parser *parser);
static void parse_const(struct parser *parser);

static void print_bytes(struct parser *parser, const char *bytes, size_t count)
{
	if (!parser->silent)
		demangle_text_add(&parser->text, bytes, count);
	parser->failed |= parser->text.failed;
}

static void print(struct parser *parser, const char *text)
{
	print_bytes(parser, text, strlen(text));
}

static void print_number(struct parser *parser, uint64_t number)
{
	char digits[20];
	size_t first = sizeof(digits);

	do
		digits[--first] = (char)('0' + number % 10);
	while (number /= 10);
	print_bytes(parser, digits + first, sizeof(digits) - first);
}

static char peek(const struct parser *parser)
{
	return parser->at < parser->length ? parser->name[parser->at] : '\0';
}

static char next(struct parser *parser)
{
	char c = peek(parser);

	if (c)
		parser->at++;
	else
		parser->failed = true;
	return c;
}

static bool eat(struct parser *parser, char c)
{
	if (peek(parser) != c)
		return false;
	parser->at++;
	return true;
}

/* Enters a production that may hold itself. False: too deep, too long, or failed before. */
static bool enter(struct parser *parser)
{
	if (++parser->depth > DEPTH_LIMIT || ++parser->steps > STEP_LIMIT)
		parser->failed = true;
	return !parser->failed;
}

/* base-62-number: "_" is 0, "0_" is 1. */
static uint64_t parse_base62(struct parser *parser)
{
	uint64_t number = 0;

	if (eat(parser, '_'))
		return 0;
	while (!parser->failed && !eat(parser, '_')) {
		char c = next(parser);
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
		                 : c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10
		                 : c >= 'A' && c <= 'Z' ? (unsigned)(c - 'A') + 36
		                                        : 62;

		if (digit == 62 || number > (UINT64_MAX - digit) / 62 - 1)
			parser->failed = true;
		else
			number = number * 62 + digit;
	}
	return number + 1;
}

/* 0: there is none. */
static uint64_t parse_optional_base62(struct parser *parser, char tag)
{
	return eat(parser, tag) ? parse_base62(parser) + 1 : 0;
}

struct identifier {
	const char *bytes;
	size_t count;
	bool punycode;
};

/* undisambiguated-identifier */
static struct identifier parse_identifier(struct parser *parser)
{
	struct identifier identifier = { .punycode = eat(parser, 'u') };
	size_t count = 0;

	if (peek(parser) < '0' || peek(parser) > '9')
		parser->failed = true;
	if (!eat(parser, '0')) {
		while (peek(parser) >= '0' && peek(parser) <= '9' && count < DEMANGLE_TEXT_LIMIT)
			count = count * 10 + (size_t)(next(parser) - '0');
	}
	eat(parser, '_');
	if (parser->failed || count > parser->length - parser->at) {
		parser->failed = true;
		return identifier;
	}
	identifier.bytes = parser->name + parser->at;
	identifier.count = count;
	parser->at += count;
	return identifier;
}

/* RFC 3492, with "_" before the deltas. False: damaged. */
static bool decode_punycode(const struct identifier *identifier, uint32_t *points, size_t limit,
                            size_t *count)
{
	enum { BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, LARGEST = 0x10ffff };
	size_t at = identifier->count;
	uint32_t point = 128, bias = 72, position = 0;
	bool first = true;

	while (at > 0 && identifier->bytes[at - 1] != '_')
		at--;
	*count = at ? at - 1 : 0;
	if (*count > limit || at == identifier->count)
		return false;
	for (size_t i = 0; i < *count; i++)
		points[i] = (unsigned char)identifier->bytes[i];
	while (at < identifier->count) {
		uint32_t before = position, weight = 1, delta, k, size = (uint32_t)*count + 1;

		for (k = BASE;; k += BASE) {
			char c = at < identifier->count ? identifier->bytes[at++] : '\0';
			uint32_t digit = c >= 'a' && c <= 'z'   ? (uint32_t)(c - 'a')
			                 : c >= '0' && c <= '9' ? (uint32_t)(c - '0') + 26
			                                        : BASE;
			uint32_t t = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;

			if (digit == BASE || position > LARGEST ||
			    weight > UINT32_MAX / BASE / BASE)
				return false;
			position += digit * weight;
			if (digit < t)
				break;
			weight *= BASE - t;
		}
		delta = (position - before) / (first ? DAMP : 2);
		first = false;
		delta += delta / size;
		for (bias = 0; delta > (BASE - T_MIN) * T_MAX / 2; bias += BASE)
			delta /= BASE - T_MIN;
		bias += (BASE - T_MIN + 1) * delta / (delta + SKEW);
		point += position / size;
		position %= size;
		if (*count == limit || point > LARGEST)
			return false;
		memmove(&points[position + 1], &points[position],
		        (*count - position) * sizeof(*points));
		points[position++] = point;
		++*count;
	}
	return true;
}

static void print_identifier(struct parser *parser, const struct identifier *identifier)
{
	uint32_t points[256];
	size_t count;

	if (parser->failed || parser->silent)
		return;
	if (!identifier->punycode) {
		print_bytes(parser, identifier->bytes, identifier->count);
	} else if (decode_punycode(identifier, points, sizeof(points) / sizeof(points[0]),
	                           &count)) {
		for (size_t i = 0; i < count; i++)
			demangle_text_add_character(&parser->text, points[i]);
	} else {
		parser->failed = true;
	}
}

/* backref: goes on reading at an earlier place. Its B was read. */
static void parse_backref(struct parser *parser, void (*production)(struct parser *parser))
{
	size_t begin = parser->at - 1;
	uint64_t target = parse_base62(parser);
	size_t after = parser->at;

	if (parser->failed || target >= begin) {
		parser->failed = true;
		return;
	}
	if (parser->silent)
		return;
	parser->at = (size_t)target;
	production(parser);
	parser->at = after;
}

static void parse_path_of_type(struct parser *parser)
{
	parse_path(parser, false);
}

static void parse_path_of_value(struct parser *parser)
{
	parse_path(parser, true);
}

/* lifetime: 0 is '_, n the n-th innermost bound one. */
static void print_lifetime(struct parser *parser, uint64_t index)
{
	char name[2] = { '\'', '_' };

	if (index > parser->lifetimes) {
		parser->failed = true;
		return;
	}
	if (index > 0 && parser->lifetimes - index < 26)
		name[1] = (char)('a' + (parser->lifetimes - index));
	print_bytes(parser, name, sizeof(name));
	if (index > 0 && parser->lifetimes - index >= 26)
		print_number(parser, parser->lifetimes - index);
}

/* generic-arg */
static void parse_generic_argument(struct parser *parser)
{
	if (eat(parser, 'L'))
		print_lifetime(parser, parse_base62(parser));
	else if (eat(parser, 'K'))
		parse_const(parser);
	else
		parse_type(parser);
}

/* {item} "E", with commas. Returns how many. */
static size_t parse_list(struct parser *parser, void (*item)(struct parser *parser))
{
	size_t count = 0;

	for (; !parser->failed && !eat(parser, 'E'); count++) {
		if (count > 0)
			print(parser, ", ");
		item(parser);
	}
	return count;
}

/* N: a name in a namespace. Upper case: the compiler's own, as closures. */
static void parse_nested(struct parser *parser, bool in_value)
{
	char space = next(parser);
	uint64_t number;
	struct identifier identifier;

	parse_path(parser, in_value);
	number = parse_optional_base62(parser, 's');
	identifier = parse_identifier(parser);
	if (space >= 'A' && space <= 'Z') {
		print(parser, "::{");
		if (space == 'C')
			print(parser, "closure");
		else if (space == 'S')
			print(parser, "shim");
		else
			print_bytes(parser, &space, 1);
		if (identifier.count > 0) {
			print(parser, ":");
			print_identifier(parser, &identifier);
		}
		print(parser, "#");
		print_number(parser, number);
		print(parser, "}");
	} else if (space < 'a' || space > 'z') {
		parser->failed = true;
	} else if (identifier.count > 0) {
		print(parser, "::");
		print_identifier(parser, &identifier);
	}
}

static void parse_path(struct parser *parser, bool in_value)
{
	struct identifier crate;
	char tag;

	if (!enter(parser))
		return;
	switch (tag = next(parser)) {
	case 'C':
		parse_optional_base62(parser, 's');
		crate = parse_identifier(parser);
		print_identifier(parser, &crate);
		break;
	case 'N':
		parse_nested(parser, in_value);
		break;
	case 'M': /* <T> */
	case 'X': /* <T as Trait>, impl */
	case 'Y': /* <T as Trait> */
		if (tag != 'Y') {
			parse_optional_base62(parser, 's');
			parser->silent++;
			parse_path(parser, in_value);
			parser->silent--;
		}
		print(parser, "<");
		parse_type(parser);
		if (tag != 'M') {
			print(parser, " as ");
			parse_path(parser, false);
		}
		print(parser, ">");
		break;
	case 'I':
		parse_path(parser, in_value);
		print(parser, in_value ? "::<" : "<");
		parse_list(parser, parse_generic_argument);
		print(parser, ">");
		break;
	case 'B':
		parse_backref(parser, in_value ? parse_path_of_value : parse_path_of_type);
		break;
	default:
		parser->failed = true;
	}
	parser->depth--;
}

/* binder: for<'a, 'b>. Returns how many lifetimes it binds. */
static unsigned parse_binder(struct parser *parser)
{
	uint64_t count = parse_optional_base62(parser, 'G');

	if (count > DEPTH_LIMIT)
		parser->failed = true;
	if (parser->failed || count == 0)
		return 0;
	print(parser, "for<");
	for (uint64_t i = 0; i < count; i++) {
		if (i > 0)
			print(parser, ", ");
		parser->lifetimes++;
		print_lifetime(parser, 1);
	}
	print(parser, "> ");
	return (unsigned)count;
}

/* fn-sig */
static void parse_function_type(struct parser *parser)
{
	unsigned bound = parse_binder(parser);
	struct identifier abi;

	if (eat(parser, 'U'))
		print(parser, "unsafe ");
	if (eat(parser, 'K')) {
		print(parser, "extern \"");
		if (eat(parser, 'C')) {
			print(parser, "C");
		} else {
			abi = parse_identifier(parser);
			/* "-" cannot stand in an identifier. */
			for (size_t i = 0; !parser->failed && i < abi.count; i++)
				print_bytes(parser, abi.bytes[i] == '_' ? "-" : &abi.bytes[i], 1);
		}
		print(parser, "\" ");
	}
	print(parser, "fn(");
	parse_list(parser, parse_type);
	print(parser, ")");
	if (!eat(parser, 'u')) {
		print(parser, " -> ");
		parse_type(parser);
	}
	parser->lifetimes -= bound;
}

/* A path whose generic arguments stay open, for the bindings that follow. True: they are open. */
static bool parse_path_open(struct parser *parser)
{
	bool open = false;

	if (!enter(parser))
		return false;
	if (eat(parser, 'B')) {
		size_t begin = parser->at - 1;
		uint64_t target = parse_base62(parser);
		size_t after = parser->at;

		if (target >= begin)
			parser->failed = true;
		if (!parser->failed && !parser->silent) {
			parser->at = (size_t)target;
			open = parse_path_open(parser);
			parser->at = after;
		}
	} else if (eat(parser, 'I')) {
		parse_path(parser, false);
		print(parser, "<");
		parse_list(parser, parse_generic_argument);
		open = true;
	} else {
		parse_path(parser, false);
	}
	parser->depth--;
	return open;
}

/* dyn-trait: a path and what its associated types are. */
static void parse_dyn_trait(struct parser *parser)
{
	bool open = parse_path_open(parser);
	struct identifier name;

	while (!parser->failed && eat(parser, 'p')) {
		print(parser, open ? ", " : "<");
		open = true;
		name = parse_identifier(parser);
		print_identifier(parser, &name);
		print(parser, " = ");
		parse_type(parser);
	}
	if (open)
		print(parser, ">");
}

/* dyn-bounds and the object's lifetime. */
static void parse_dyn(struct parser *parser)
{
	unsigned bound;
	uint64_t lifetime;

	print(parser, "dyn ");
	bound = parse_binder(parser);
	for (size_t i = 0; !parser->failed && !eat(parser, 'E'); i++) {
		if (i > 0)
			print(parser, " + ");
		parse_dyn_trait(parser);
	}
	parser->lifetimes -= bound;
	if (!eat(parser, 'L')) {
		parser->failed = true;
		return;
	}
	lifetime = parse_base62(parser);
	if (lifetime > 0) {
		print(parser, " + ");
		print_lifetime(parser, lifetime);
	}
}

static const char *basic_type(char tag)
{
	static const char *const names['z' + 1] = {
		['a'] = "i8",  ['b'] = "bool", ['c'] = "char",  ['d'] = "f64",   ['e'] = "str",
		['f'] = "f32", ['h'] = "u8",   ['i'] = "isize", ['j'] = "usize", ['l'] = "i32",
		['m'] = "u32", ['n'] = "i128", ['o'] = "u128",  ['p'] = "_",     ['s'] = "i16",
		['t'] = "u16", ['u'] = "()",   ['v'] = "...",   ['x'] = "i64",   ['y'] = "u64",
		['z'] = "!",
	};

	return tag >= 'a' && tag <= 'z' ? names[(size_t)tag] : NULL;
}

static void parse_type(struct parser *parser)
{
	const char *basic;
	uint64_t lifetime;
	char tag;

	if (!enter(parser))
		return;
	tag = next(parser);
	basic = basic_type(tag);
	if (basic) {
		print(parser, basic);
		parser->depth--;
		return;
	}
	switch (tag) {
	case 'R':
	case 'Q':
		print(parser, "&");
		if (eat(parser, 'L') && (lifetime = parse_base62(parser)) > 0) {
			print_lifetime(parser, lifetime);
			print(parser, " ");
		}
		print(parser, tag == 'Q' ? "mut " : "");
		parse_type(parser);
		break;
	case 'P':
	case 'O':
		print(parser, tag == 'P' ? "*const " : "*mut ");
		parse_type(parser);
		break;
	case 'A':
	case 'S':
		print(parser, "[");
		parse_type(parser);
		if (tag == 'A') {
			print(parser, "; ");
			parse_const(parser);
		}
		print(parser, "]");
		break;
	case 'T':
		print(parser, "(");
		if (parse_list(parser, parse_type) == 1)
			print(parser, ",");
		print(parser, ")");
		break;
	case 'F':
		parse_function_type(parser);
		break;
	case 'D':
		parse_dyn(parser);
		break;
	case 'B':
		parse_backref(parser, parse_type);
		break;
	default:
		parser->at -= tag != '\0';
		parse_path(parser, false);
	}
	parser->depth--;
}

/* const-data: hexadecimal digits up to "_". Returns how many; *value is their number if it fits. */
static size_t parse_digits(struct parser *parser, uint64_t *value)
{
	size_t count = 0;

	*value = 0;
	while (!parser->failed && !eat(parser, '_')) {
		char c = next(parser);

		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			parser->failed = true;
		*value = *value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
		count++;
	}
	return count;
}

static void print_quoted(struct parser *parser, uint64_t value)
{
	print(parser, "'");
	if (value == '\'' || value == '\\')
		print(parser, "\\");
	if (!parser->silent)
		demangle_text_add_character(&parser->text,
		                            value > UINT32_MAX ? UINT32_MAX : (uint32_t)value);
	print(parser, "'");
}

static void parse_const(struct parser *parser)
{
	uint64_t value;
	size_t begin, digits;
	char type;

	if (!enter(parser))
		return;
	type = next(parser);
	if (type == 'B') {
		parse_backref(parser, parse_const);
	} else if (type == 'p') {
		print(parser, "_");
	} else if (type && strchr("hijlmnostxyabc", type)) {
		if (eat(parser, 'n'))
			print(parser, "-");
		begin = parser->at;
		digits = parse_digits(parser, &value);
		if (type == 'b' && value <= 1)
			print(parser, value ? "true" : "false");
		else if (type == 'b')
			parser->failed = true;
		else if (type == 'c')
			print_quoted(parser, value);
		else if (digits <= 16)
			print_number(parser, value);
		else if (!parser->failed) {
			print(parser, "0x");
			print_bytes(parser, parser->name + begin, digits);
		}
	} else {
		/* Constants of other types than integers: not stable in the language, and rare. */
		parser->failed = true;
	}
	parser->depth--;
}

static bool demangle_v0(struct parser *parser)
{
	/* A digit is the version of a mangling to come. */
	if (peek(parser) < 'A' || peek(parser) > 'Z')
		return false;
	parse_path(parser, true);
	/* The crate that instantiated it is of no interest. */
	if (!parser->failed && peek(parser) >= 'A' && peek(parser) <= 'Z') {
		parser->silent++;
		parse_path(parser, false);
	}
	return !parser->failed && parser->at == parser->length;
}

/* "h" and 16 digits, of which a hash has several different ones. */
static bool is_hash(const char *bytes, size_t count)
{
	unsigned seen = 0;

	if (count != 17 || bytes[0] != 'h')
		return false;
	for (size_t i = 1; i < count; i++) {
		const char *digits = "0123456789abcdef";
		const char *digit = strchr(digits, bytes[i]);

		if (!bytes[i] || !digit)
			return false;
		seen |= 1u << (digit - digits);
	}
	return __builtin_popcount(seen) >= 5;
}

/* $LT$ and its like at the front. Returns its length, 0: none. */
static size_t add_escape(struct demangle_text *text, const char *bytes, size_t count)
{
	static const struct {
		const char *name;
		const char *means;
	} escapes[] = {
		{ "$SP$", "@" }, { "$BP$", "*" }, { "$RF$", "&" }, { "$LT$", "<" },
		{ "$GT$", ">" }, { "$LP$", "(" }, { "$RP$", ")" }, { "$C$", "," },
	};
	uint32_t point = 0;
	size_t i;

	for (i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		size_t length = strlen(escapes[i].name);

		if (length <= count && memcmp(bytes, escapes[i].name, length) == 0) {
			demangle_text_add(text, escapes[i].means, 1);
			return length;
		}
	}
	if (count < 4 || bytes[1] != 'u')
		return 0;
	for (i = 2; i < count && i < 8 && bytes[i] != '$'; i++) {
		if ((bytes[i] < '0' || bytes[i] > '9') && (bytes[i] < 'a' || bytes[i] > 'f'))
			return 0;
		point = point << 4 |
		        (uint32_t)(bytes[i] <= '9' ? bytes[i] - '0' : bytes[i] - 'a' + 10);
	}
	if (i == count || i == 2 || bytes[i] != '$' || point < 0x20)
		return 0;
	demangle_text_add_character(text, point);
	return i + 1;
}

static bool add_legacy_identifier(struct demangle_text *text, const char *bytes, size_t count)
{
	size_t i = 0;

	/* An identifier cannot begin with an escape. */
	if (count >= 2 && bytes[0] == '_' && bytes[1] == '$')
		i++;
	while (i < count) {
		size_t length = 1;

		if (bytes[i] == '$') {
			length = add_escape(text, bytes + i, count - i);
			if (length == 0)
				return false;
		} else if (bytes[i] == '.' && i + 1 < count && bytes[i + 1] == '.') {
			demangle_text_add(text, "::", 2);
			length = 2;
		} else {
			demangle_text_add(text, &bytes[i], 1);
		}
		i += length;
	}
	return !text->failed;
}

/* Behind "_ZN". */
static bool demangle_legacy(struct demangle_text *text, const char *name)
{
	bool first = true;

	while (*name >= '1' && *name <= '9') {
		char *bytes;
		size_t count = strtoul(name, &bytes, 10);

		if (count > strlen(bytes))
			return false;
		if (bytes[count] == 'E' && bytes[count + 1] == '\0')
			return !first && is_hash(bytes, count);
		if (!first)
			demangle_text_add(text, "::", 2);
		first = false;
		if (!add_legacy_identifier(text, bytes, count))
			return false;
		name = bytes + count;
	}
	return false;
}

char *demangle_rust(const char *mangled)
{
	struct parser parser = { .name = mangled + 2 };
	bool fine = false;
	char *name = NULL;

	if (strncmp(mangled, "_R", 2) == 0) {
		/* What the compiler's back end appends (".123", ".llvm.7") is no part of it. */
		parser.length = strcspn(parser.name, ".");
		fine = demangle_v0(&parser);
	} else if (strncmp(mangled, "_ZN", 3) == 0) {
		fine = demangle_legacy(&parser.text, mangled + 3);
	}
	if (fine && parser.text.bytes)
		name = strdup(parser.text.bytes);
	free(parser.text.bytes);
	return name;
}

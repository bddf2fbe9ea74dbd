/*
 * demangle.c: see demangle.h.
 */
#include "demangle.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "demangle_rust.h"

/* __cxa_demangle of the Itanium C++ ABI, section 3.4. */
typedef char *cxa_demangle(const char *mangled, char *into, size_t *bytes, int *status);

/* A name once looked at. */
struct name {
	const char *raw;
	char *plain;
};

struct demangler {
	struct name
		*names; /* open addressing; a power of two of slots, at most half of them taken */
	size_t slots;
	size_t count;
	bool tried;
	void *library;
	cxa_demangle *function;
};

struct demangler *demangler_new(void)
{
	return calloc(1, sizeof(struct demangler));
}

void demangler_free(struct demangler *demangler)
{
	if (!demangler)
		return;
	for (size_t i = 0; i < demangler->slots; i++)
		free(demangler->names[i].plain);
	free(demangler->names);
	if (demangler->library)
		dlclose(demangler->library);
	free(demangler);
}

static void load(struct demangler *demangler)
{
	void *symbol;

	demangler->tried = true;
	demangler->library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
	if (!demangler->library)
		return;
	symbol = dlsym(demangler->library, "__cxa_demangle");
	/* ISO C has no cast from object to function pointers; POSIX promises that the bytes are the same. */
	memcpy(&demangler->function, &symbol, sizeof(symbol));
}

/*
 * gcc's names for pieces and copies of a function, and symbol versions (mmap@@GLIBC_2.2.5): the reader wrote,
 * and looks for, the function.
 */
static size_t length_without_suffix(const char *name)
{
	static const char *const clones[] = { ".constprop.", ".isra.",     ".part.",
		                              ".cold",       ".lto_priv.", ".llvm." };
	size_t length = name[0] == '@' ? strlen(name) : strcspn(name, "@");

	for (size_t i = 0; i < sizeof(clones) / sizeof(clones[0]); i++) {
		const char *at = strstr(name, clones[i]);

		if (at && at > name && (size_t)(at - name) < length)
			length = (size_t)(at - name);
	}
	return length;
}

static char *demangle_cxx(struct demangler *demangler, const char *name)
{
	/*
	 * Some hundred bytes can mean a name without end: what the library makes of them grows with each
	 * substitution. Real names of this length are nested templates that nobody reads.
	 */
	enum { LENGTH_LIMIT = 4096 };
	int status = 0;

	if (strlen(name) > LENGTH_LIMIT)
		return NULL;
	if (!demangler->tried)
		load(demangler);
	return demangler->function ? demangler->function(name, NULL, NULL, &status) : NULL;
}

static char *plain_name(struct demangler *demangler, const char *name)
{
	char *plain = strndup(name, length_without_suffix(name));
	char *demangled = NULL;

	if (!plain || plain[0] != '_' || (plain[1] != 'Z' && plain[1] != 'R'))
		return plain;
	/* Rust's older mangling is valid C++ too. */
	demangled = demangle_rust(plain);
	if (!demangled && plain[1] == 'Z')
		demangled = demangle_cxx(demangler, plain);
	if (!demangled)
		return plain;
	free(plain);
	return demangled;
}

/* The slot of `raw`, or the free one where it belongs. */
static struct name *slot_of(struct name *names, size_t slots, const char *raw)
{
	size_t at = (uintptr_t)raw * 0x9e3779b97f4a7c15ull >> 20;

	while (names[at & (slots - 1)].raw && names[at & (slots - 1)].raw != raw)
		at++;
	return &names[at & (slots - 1)];
}

static bool grow(struct demangler *demangler)
{
	size_t slots = demangler->slots ? 2 * demangler->slots : 256;
	struct name *names = calloc(slots, sizeof(*names));

	if (!names)
		return false;
	for (size_t i = 0; i < demangler->slots; i++) {
		const struct name *name = &demangler->names[i];

		if (name->raw)
			*slot_of(names, slots, name->raw) = *name;
	}
	free(demangler->names);
	demangler->names = names;
	demangler->slots = slots;
	return true;
}

const char *demangle(struct demangler *demangler, const char *raw)
{
	struct name *name;

	if (!raw)
		return NULL;
	if (demangler->count * 2 >= demangler->slots && !grow(demangler))
		return raw;
	name = slot_of(demangler->names, demangler->slots, raw);
	if (!name->raw) {
		name->plain = plain_name(demangler, raw);
		if (!name->plain)
			return raw;
		name->raw = raw;
		demangler->count++;
	}
	return name->plain;
}

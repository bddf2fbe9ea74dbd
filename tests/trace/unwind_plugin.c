/*
 * unwind_plugin: a library that calls back from places where the loader is at work: from its constructor
 * inside dlopen(), and from the resolver of a function that is bound on its first call. The latter runs
 * inside the loader's lazy binding, whose CFA hangs on rbx.
 */
void plugin_called_back(void);
void plugin_call_lazily(void);
void plugin_lazy(void);

static __attribute__((constructor)) void on_load(void)
{
	plugin_called_back();
}

static void lazy(void)
{
}

static __attribute__((used)) void (*resolve(void))(void)
{
	plugin_called_back();
	return lazy;
}

void plugin_lazy(void) __attribute__((ifunc("resolve")));

void plugin_call_lazily(void)
{
	plugin_lazy();
}

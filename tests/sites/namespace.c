/*
 * namespace: a program with more than one libc. Each dlmopen() loads namespace_plugin.c with a libc of its own
 * and lets it work there.
 *
 *     namespace once PLUGIN        one namespace, all its calls, a fork from inside it
 *     namespace rounds PLUGIN N    loaded and unloaded N times
 *     namespace sandbox PLUGIN     the same from within a seccomp filter that allows everything
 *     namespace many PLUGIN N      N at a time, each at work in threads while the next ones come and go
 */
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

static const char *plugin;

static void *load(void)
{
	void *object = dlmopen(LM_ID_NEWLM, plugin, RTLD_NOW | RTLD_LOCAL);

	if (!object) {
		printf("%s\n", dlerror());
		exit(1);
	}
	return object;
}

static void run(void *object, const char *name, unsigned times)
{
	void (*function)(unsigned) = (void (*)(unsigned))dlsym(object, name);

	if (!function)
		exit(3);
	function(times);
}

static void *work_there(void *object)
{
	run(object, "plugin_work", 20);
	return NULL;
}

static void once(void)
{
	void *object = load();

	run(object, "plugin_work", 1);
	run(object, "plugin_threads", 2);
	run(object, "plugin_fork", 1);
	dlclose(object);
}

static void sandbox(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		exit(4);
	once();
}

static void rounds(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		void *object = load();

		run(object, "plugin_work", 1);
		dlclose(object);
	}
}

static void many(unsigned count)
{
	pthread_t *thread = calloc(count, sizeof(*thread));
	void **object = calloc(count, sizeof(*object));

	for (unsigned i = 0; i < count; i++) {
		object[i] = load();
		pthread_create(&thread[i], NULL, work_there, object[i]);
		run(object[i], "plugin_threads", 2);
		rounds(2);
	}
	for (unsigned i = 0; i < count; i++) {
		pthread_join(thread[i], NULL);
		dlclose(object[i]);
	}
	free(object);
	free(thread);
}

int main(int argc, char **argv)
{
	unsigned count = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 1;

	if (argc < 3)
		return 2;
	plugin = argv[2];
	if (!strcmp(argv[1], "once"))
		once();
	else if (!strcmp(argv[1], "sandbox"))
		sandbox();
	else if (!strcmp(argv[1], "rounds"))
		rounds(count);
	else
		many(count);
	printf("%s done\n", argv[1]);
	return 0;
}

/*
 * trim_race: a thread that asks for pages of the ring while another one cuts the file off at exit, always at the same
 * moment: it has its pages and has not said so yet. Whatever it does then, nothing is stored behind the cut: that
 * would be a SIGBUS in a program that is about to end well.
 *
 *     trim                              late
 *     512 slots more are ready
 *                                       draws them all, asks for more, has them
 *     freezes, cuts
 *                                       says that they are ready?
 *
 *     trim_race FOLDER
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "real.h"
#include "recorder.h"
#include "ring.h"

enum { EVENTS = 3000 };

static uint32_t alive = 1;
static _Thread_local int is_late;
static int looks_behind; /* of the late one at the clock, behind the slots that are ready */
static sem_t has_pages, was_cut;
static pthread_t late;

/* The second look at the clock behind them is when the pages are there: how long did it take? */
static int look_at_clock(clockid_t clock, struct timespec *now)
{
	if (is_late && ring_head() > __atomic_load_n(&ring.slots_ready, __ATOMIC_RELAXED) &&
	    ++looks_behind == 2) {
		sem_post(&has_pages);
		sem_wait(&was_cut);
	}
	return clock_gettime(clock, now);
}

struct real real = { .clock_gettime = look_at_clock };

static void *be_late(void *unused)
{
	is_late = 1;
	for (int i = 0; i < EVENTS; i++) {
		struct vmat_event event = { .call = CALL_MMAP };

		ring_put(&event, &alive);
	}
	return unused;
}

/* Of the recorder's own calls: the first that `trim` makes is the one that asks for its slots. */
void recorder_internal(struct vmat_event *event)
{
	(void)event;
	if (is_late || late)
		return;
	if (pthread_create(&late, NULL, be_late, NULL))
		abort();
	sem_wait(&has_pages);
}

int main(int argc, char **argv)
{
	struct settings settings = { .slot_count = 1 << 16, .on_full = VMAT_OVERWRITE };
	char path[SETTINGS_PATH_BYTES];
	struct stat cut;
	uint64_t end;
	int why;

	if (argc < 2)
		return 2;
	snprintf(settings.out, sizeof(settings.out), "%s/trim_race.%d.vmat", argv[1],
	         (int)getpid());
	sem_init(&has_pages, 0, 0);
	sem_init(&was_cut, 0, 0);
	if (!ring_create(&settings, path, sizeof(path), &why)) {
		printf("no trace: %s\n", strerror(why));
		return 2;
	}
	if (!ring.populates) {
		printf("skipped: no MADV_POPULATE_WRITE: nothing is cut\n");
		return 77;
	}
	ring.use_counter = false;
	ring_trim(path);
	stat(path, &cut);
	unlink(path);
	sem_post(&was_cut);
	pthread_join(late, NULL);
	end = (uint64_t)((uint8_t *)&ring.slots[ring.slots_ready] - (uint8_t *)ring.header);
	printf("%lu events, %lu dropped, stopped: %u; ready up to %lu of %lu bytes\n",
	       ring.control->head, ring.control->dropped, ring.control->stopped, end,
	       (uint64_t)cut.st_size);
	return looks_behind < 2 || ring.control->stopped != VMAT_STOPPED_TRIMMED ||
	       end > (uint64_t)cut.st_size || ring.control->head + ring.control->dropped < EVENTS;
}

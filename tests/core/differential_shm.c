/*
 * differential_shm: random shmat, shmdt and remap_file_pages.
 */
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "differential.h"

static void attach(struct places *places, struct event *event)
{
	size_t which = pick(places, SEGMENT_COUNT);
	uint64_t length;
	uint64_t address = pick_arena_range(places, &length);
	int flags = (one_in(places, 2) ? SHM_REMAP : 0) | (one_in(places, 3) ? SHM_RDONLY : 0) |
	            (one_in(places, 8) ? SHM_EXEC : 0);
	struct shmid_ds segment;

	if (one_in(places, 4)) {
		flags |= SHM_RND;
		address += pick(places, PAGE);
	}
	if (address + (which + 1) * PAGE > places->arena + places->arena_pages * PAGE)
		address = places->arena;
	event->call = CALL_SHMAT;
	event->args[0] = (uint64_t)places->segments[which];
	event->args[1] = address;
	event->args[2] = (uint64_t)flags;
	set_result(event, (long)shmat(places->segments[which], (void *)address, flags));
	if (event->failed)
		return;
	shmctl(places->segments[which], IPC_STAT, &segment);
	event->args[3] = segment.shm_segsz;
	event->args[4] = (uint32_t)segment.shm_perm.__key;
	take_rows(event, event->result, event->args[3]);
}

/*
 * An attachment that mremap grew past its segment has pages that shmdt takes only if they are in the VMA it
 * finds first (ipc/shm.c), and where the kernel's VMAs end inside a row nobody can see. Such pages go first.
 */
static bool within_segments(struct places *places)
{
	static struct maps maps;

	maps_read(&maps);
	for (size_t i = 0; i < maps.count; i++) {
		const struct vma_row *row = &maps.rows[i];

		for (size_t j = 0; j < SEGMENT_COUNT; j++) {
			if (row->inode == (uint64_t)places->segments[j] && row->name[1] == 'S' &&
			    row->offset + (row->end - row->start) > (j + 1) * PAGE) {
				note_stray(places, row->start, row->end - row->start);
				return false;
			}
		}
	}
	return true;
}

/* At the address a segment seems to have been attached at, going by some page of it, or anywhere. */
static void detach(struct places *places, struct event *event)
{
	static struct maps maps;
	uint64_t length;
	uint64_t address = pick_arena_range(places, &length);

	maps_read(&maps);
	if (one_in(places, 4))
		maps.count = 0;
	for (size_t i = 0; i < maps.count; i++) {
		const struct vma_row *row = &maps.rows[i];

		if (row->start >= address && row->start - row->offset >= places->arena &&
		    row->end <= places->arena + places->arena_pages * PAGE && row->name[0] == '/' &&
		    row->name[1] == 'S') {
			address = row->start - row->offset;
			break;
		}
	}
	event->call = CALL_SHMDT;
	event->args[0] = address;
	set_result(event, shmdt((void *)address));
}

static void remap_pages(struct places *places, struct event *event)
{
	static struct maps maps;
	uint64_t length;
	uint64_t address = pick_arena_range(places, &length);
	uint64_t page = pick(places, 64);

	maps_read(&maps);
	if (one_in(places, 3))
		maps.count = 0;
	for (size_t i = 0; i < maps.count; i++) {
		const struct vma_row *row = &maps.rows[i];

		if (row->start >= address && row->shared && row->end - row->start >= PAGE &&
		    row->end <= places->arena + places->arena_pages * PAGE) {
			address = row->start;
			length = 1 + pick(places, row->end - row->start + PAGE);
			break;
		}
	}
	event->call = CALL_REMAP_FILE_PAGES;
	event->args[0] = address;
	event->args[1] = length;
	event->args[2] = 0;
	event->args[3] = page;
	event->args[4] = 0;
	set_result(event, remap_file_pages((void *)address, length, 0, page, 0));
}

const struct call_kind shm_kinds[] = {
	{ "shmat", attach, 6, NULL },
	{ "shmdt", detach, 5, within_segments },
	{ "remap_file_pages", remap_pages, 4, NULL },
	{ NULL, NULL, 0, NULL },
};

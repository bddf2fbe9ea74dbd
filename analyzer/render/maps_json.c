/*
 * maps_json: see the header.
 */
#include "maps_json.h"

#include <sys/mman.h>

#include "event_json.h"

static void author(struct json *json, const char *key, const struct maps_author *author)
{
	json_key(json, key);
	if (!author->known) {
		json_null(json);
		return;
	}
	json_object(json);
	json_member_number(json, "seq", author->seq);
	json_key(json, "stack");
	json_stack(json, author->frames, author->frame_count, author->by_frame_pointers);
	json_object_end(json);
}

static void range(struct json *json, const struct vma_row *row)
{
	json_object(json);
	json_member_hex(json, "vm_start", row->start);
	json_member_hex(json, "vm_end", row->end);
}

static void what_for(struct json *json, const struct maps_vma *vma)
{
	json_member_string(json, "kind", vma->kind);
	json_member_thread(json, vma->thread);
	author(json, "created_by", &vma->created_by);
}

void json_vma(struct json *json, const struct maps_vma *vma, uint32_t page_bytes)
{
	const struct vma_row *row = vma->row;
	char flags[] = { row->prot & PROT_READ ? 'r' : '-', row->prot & PROT_WRITE ? 'w' : '-',
		         row->prot & PROT_EXEC ? 'x' : '-', row->shared ? 's' : 'p', '\0' };
	char device[24];

	snprintf(device, sizeof(device), "%02x:%02x", row->dev_major, row->dev_minor);
	range(json, row);
	json_member_string(json, "vm_flags", flags);
	json_member_number(json, "vm_pgoff", row->offset / page_bytes);
	json_member_number(json, "offset", row->offset);
	json_member_string(json, "dev", device);
	json_member_number(json, "inode", row->inode);
	json_member_string(json, "vm_file", row->name[0] ? row->name : NULL);
	what_for(json, vma);
	author(json, "last_changed_by", &vma->last_changed_by);
}

void json_vma_part(struct json *json, const struct maps_vma *part)
{
	range(json, part->row);
	what_for(json, part);
	json_object_end(json);
}

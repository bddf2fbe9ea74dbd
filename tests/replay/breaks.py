"""Breaks of the core: each is a rule undone, and the replay scripts that must then fail.

    (scripts, file, what stands there once, what is put in its place)
"""

BREAKS = [
    ("mmap_rounds_length mmap_beyond_the_file unmap_rounds_length protect_splits "
     "shmat_rights shmat_without_rows", "pages.c",
     "\trange.end = page_ceil(end, page_bytes);",
     "\trange.end = page_floor(end, page_bytes);"),
    ("mmap_huge_rounds_to_2mib mmap_fixed_fails_with_a_hole", "effect_map.c",
     "\tif (!(event->args[3] & MAP_HUGETLB))\n"
     "\t\treturn event->args[1];",
     "\tif (event)\n"
     "\t\treturn event->args[1];"),
    ("mmap_huge_names_its_size", "effect_map.c",
     "shift > 12 && shift < 32 ? 1u << shift : HUGE_PAGE_BYTES",
     "shift > 99 ? 1u << shift : HUGE_PAGE_BYTES"),
    ("mmap_huge_file_row_goes_on", "effect_map.c",
     "\t\trange.end = row->end;\n"
     "\treturn replay_resync",
     "\t\trange.end += 0;\n"
     "\treturn replay_resync"),
    ("mmap_anonymous_has_no_offset", "effect_map.c",
     "\t\treturn !run->shared ||\n",
     "\t\trun->delta = event->seq * 4096;\n"
     "\t\treturn !run->shared ||\n"),
    ("mmap_is_where_the_result_says", "effect_map.c",
     "\treturn page_range(event->result, length, replay->page_bytes);",
     "\treturn page_range(event->args[0] ? event->args[0] : event->result, length, replay->page_bytes);"),
    ("mmap_fixed_replaces", "effect_map.c",
     "bool fixed = flags & MAP_FIXED && !(flags & MAP_FIXED_NOREPLACE);",
     "bool fixed = false;"),
    ("mmap_noreplace_fails_whole", "effect_map.c",
     "\t\treturn !fixed || replay_resync",
     "\t\treturn flags & MAP_FIXED_NOREPLACE ? vma_map_clear(replay->map, range.start, range.end) : !fixed || replay_resync"),
    ("mmap_finds_free_room mremap_grows_into_free_room shmat_remap_replaces", "replay.c",
     "\treplay->impossible += !replay->uncertain;",
     "\treplay->impossible += 0 * !replay->uncertain;"),
    ("mmap_flags_show_in_no_row mseal_shows_in_no_row", "runs.h",
     "\treturn runs_alike(low, high) && !(low->row",
     "\treturn runs_alike(low, high) && low->map_flags == high->map_flags && !(low->row"),
    ("mmap_growsdown_is_apart growsdown_memory_grows_down", "effect_map.c",
     ".grows_down = flags & MAP_GROWSDOWN,",
     ".grows_down = false,"),
    ("mmap_each_right_by_itself", "effect_map.c",
     ".prot = event->args[2] & (PROT_READ | PROT_WRITE | PROT_EXEC),",
     ".prot = (event->args[2] & 7) | (event->args[2] & 7 ? PROT_READ : 0),"),
    ("mmap_ignores_unknown_rights", "effect_map.c",
     ".prot = event->args[2] & (PROT_READ | PROT_WRITE | PROT_EXEC),",
     ".prot = (uint8_t)event->args[2],"),
    ("mmap_read_implies_exec brk_read_implies_exec protect_stops_at_what_it_may_not "
     "protect_sealed protect_no_memory_midway mremap_fixed_fails_midway "
     "mremap_onto_itself_unmaps mremap_fixed_failed_after_unmapping "
     "mmap_fixed_fails_with_a_hole", "replay.c",
     "\tif (!event->has_rows)\n"
     "\t\treturn true;\n"
     "\tfine",
     "\tif (event)\n"
     "\t\treturn true;\n"
     "\tfine"),
    ("mmap_shared_says_s", "effect_map.c",
     ".shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE,",
     ".shared = (type == MAP_SHARED || type == MAP_SHARED_VALIDATE) && event->args[2] & PROT_WRITE,"),
    ("mmap_driver_chooses mmap_shared_anonymous_is_an_object", "walk.c",
     "\tif (!input->events.next(input->events.self, event))\n"
     "\t\treturn false;",
     "\tif (!input->events.next(input->events.self, event))\n"
     "\t\treturn false;\n"
     "\tevent->has_rows = false;"),
    ("mmap_file_offsets_go_on", "effect_map.c",
     "\t\trun->delta = event->args[5] - run->start;",
     "\t\trun->delta = 0 - run->start;"),
    ("mmap_row_reaches_into_a_neighbour", "effect_map.c",
     "\tif (!length && row && row->start == event->result)",
     "\tif (row && row->start == event->result)"),
    ("mmap_escapes_a_newline", "effect_map.c",
     "to = *name == '\\n' ? stpcpy",
     "to = *name == '\\r' ? stpcpy"),
    ("unmap_of_nothing", "effect_map.c",
     "\t\treturn true; /* munmap of a hole is no error */",
     "\t\treturn replay->impossible += !event->failed, true;"),
    ("unmap_several", "effect_map.c",
     "\treturn vma_map_clear(replay->map, range.start, range.end) &&\n",
     "\treturn vma_map_clear(replay->map, range.start, vma_map_at(replay->map, range.start)->end) &&\n"),
    ("unmap_failed", "effect_map.c",
     "\tif (event->failed || !change_begin_removal(",
     "\tif (!change_begin_removal("),
    ("unmap_whole", "replay.c",
     "\tif ((!keeps_left && !keeps_right) || !span->one_row)",
     "\tif (!span->one_row)"),
    ("unmap_splits", "replay.c",
     "keeps_left && keeps_right ? CHANGE_SPLIT : CHANGE_SHRINK",
     "keeps_left && keeps_right ? CHANGE_SHRINK : CHANGE_SHRINK"),
    ("unmap_keeps_offsets", "vma_map.c",
     "\t\trest.start = end;",
     "\t\trest.start = end;\n"
     "\t\trest.delta -= end - start;"),
    ("brk_grows sbrk_moves_the_break brk_within_a_page brk_starts_inside_a_page "
     "heap_label_is_of_a_whole_row", "effect_break.c",
     ".prot = PROT_READ | PROT_WRITE,",
     ".prot = PROT_READ,"),
    ("brk_within_a_page", "effect_break.c",
     "\treplay->brk = new;\n",
     "\treplay->brk = old == new || page_ceil(old, 4096) == page_ceil(new, 4096) ? old : new;\n"),
    ("brk_shrinks", "effect_break.c",
     "uint64_t new_end = page_ceil(new, replay->page_bytes);",
     "uint64_t new_end = page_floor(new, replay->page_bytes);"),
    ("brk_starts_inside_a_page", "effect_break.c",
     "uint64_t old_end = page_ceil(old, replay->page_bytes);",
     "uint64_t old_end = page_floor(old, replay->page_bytes);"),
    ("brk_takes_whatever_lies_there", "effect_break.c",
     "\treturn vma_map_clear(replay->map, range.start, range.end);",
     "\twhile (range.start < range.end && vma_map_at(replay->map, range.start) &&\n"
     "\t       vma_map_at(replay->map, range.start)->object == OBJECT_ANONYMOUS)\n"
     "\t\tif (!vma_map_clear(replay->map, range.start, range.start + 4096))\n"
     "\t\t\treturn false;\n"
     "\t\telse\n"
     "\t\t\trange.start += 4096;\n"
     "\treturn true;"),
    ("brk_refused brk_shrink_refused_over_nothing", "effect_break.c",
     "\treturn move_break(replay, event, old, event->result, change);",
     "\treturn move_break(replay, event, old, event->args[0], change);"),
    ("sbrk_moves_the_break", "effect_break.c",
     "uint64_t new = old + event->args[0];",
     "uint64_t new = old - event->args[0];"),
    ("sbrk_shrink_refused_over_nothing", "effect_break.c",
     "\tif (shrunk.start < shrunk.end && !replay_any_mapped",
     "\tif (shrunk.start > shrunk.end && !replay_any_mapped"),
    ("sbrk_failed", "effect_break.c",
     "\tif (event->failed)\n"
     "\t\treturn true;\n"
     "\tif (shrunk",
     "\tif (shrunk"),
    ("heap_label_is_of_a_whole_row", "labels.c",
     "row->name = \"[heap]\";",
     "row->name = row->end <= (places->brk + 4095 & ~4095ull) ? \"[heap]\" : \"\";"),
    ("heap_label_not_of_files", "labels.c",
     "\t\tif (!may_be_labelled(row))\n"
     "\t\t\tcontinue;",
     ""),
    ("heap_label_needs_an_overlap", "labels.c",
     "row->end > places->start_brk",
     "row->end >= places->start_brk"),
    ("heap_label_needs_an_overlap", "labels.c",
     "row->start < places->brk",
     "row->start <= places->brk"),
    ("heap_label_before_a_name", "labels.c",
     "(!*row->name || strncmp(row->name, \"[anon:\", strlen(\"[anon:\")) == 0)",
     "!*row->name"),
    ("heap_label_before_a_name", "compare.c",
     "\t\treturn object_is_anonymous(object);",
     "\t\treturn run->object == OBJECT_ANONYMOUS;"),
    ("stack_label_is_of_one_row", "labels.c",
     "else if (start_stack && row->start <= start_stack && start_stack <= row->end)",
     "else if (start_stack && row->end > 0x70000)"),
    ("protect_splits pkey_mprotect_protects", "effect_attributes.c",
     "\trun->prot = event->args[2] & (PROT_READ | PROT_WRITE | PROT_EXEC);",
     ""),
    ("protect_joins", "effect_attributes.c",
     "\trun->row = 0; /* it may now be one with its neighbour */",
     ""),
    ("protect_stops_at_a_hole", "effect_attributes.c",
     "changed.end = by_hole ? hole : changed.start;",
     "changed.end = changed.start;"),
    ("protect_begins_in_a_hole", "effect_attributes.c",
     "changed.end = by_hole ? hole : changed.start;",
     "changed.end = by_hole ? range.end : changed.start;"),
    ("protect_failed_without_rows", "effect_attributes.c",
     "bool by_hole = !event->has_rows && event->error == ENOMEM && hole < range.end;",
     "bool by_hole = !event->has_rows;"),
    ("protect_growsdown_from_below", "effect_attributes.c",
     "\t\tif (event->rows[i].end > start)\n"
     "\t\t\treturn event->rows[i].start;",
     "\t\tif (event->rows[i].end > start)\n"
     "\t\t\treturn start;"),
    ("protect_growsdown_without_rows", "effect_attributes.c",
     "\t\trun = before;\n"
     "\treturn run->start;",
     "\t\trun = before;\n"
     "\treturn start;"),
    ("protect_growsdown_without_rows", "effect_attributes.c",
     "\twhile ((before = vma_map_before(replay->map, run->start)) && runs_join(before, run))\n"
     "\t\trun = before;",
     "\tbefore = run;"),
    ("protect_growsdown_from_above", "effect_attributes.c",
     "\t\tif (event->rows[i].end > start)\n"
     "\t\t\treturn event->rows[i].start;",
     "\t\tif (event->rows[i].end > start)\n"
     "\t\t\treturn event->rows[i].start < start ? event->rows[i].start : start;"),
    ("protect_nothing", "effect_attributes.c",
     "\tif (range.start == range.end)\n"
     "\t\treturn true;\n"
     "\tif (event->args[2]",
     "\tif (range.start == range.end)\n"
     "\t\tchanged.end = (changed.start = 0x10000) + 4096;\n"
     "\tif (event->args[2]"),
    ("protect_over_a_hole_cannot_succeed", "effect_attributes.c",
     "\t} else if (hole < range.end) {\n"
     "\t\treplay_doubt(replay);",
     "\t} else if (hole < range.end) {"),
    ("mremap_shrink_takes_what_lies_there", "effect_move.c",
     "\treturn vma_map_clear(replay->map, tail.start, tail.end);",
     "\treturn vma_map_clear(replay->map, tail.start, vma_map_at(replay->map, tail.start)->end);"),
    ("mremap_grows_in_place mremap_grows_a_file", "effect_move.c",
     "\treturn vma_map_set(replay->map, &run);\n"
     "}\n"
     "\n"
     "/* A failed",
     "\treturn true;\n"
     "}\n"
     "\n"
     "/* A failed"),
    ("mremap_moves mremap_moves_a_part mremap_file_keeps_its_page", "effect_move.c",
     "\t\trun->delta -= distance;",
     ""),
    ("mremap_moves", "effect_move.c",
     "\tif (move->old.end + distance < move->new.end) {",
     "\tif (0) {"),
    ("mremap_moves_a_part mremap_moves", "effect_move.c",
     "\t\t       vma_map_clear(replay->map, move->old.start, move->old.end);",
     "\t\t       true;"),
    ("mremap_fixed_leaves_under_holes", "effect_move.c",
     "\tfor (size_t i = 0; i < taken->count; i++) {\n"
     "\t\trun = taken->runs[i];\n"
     "\t\tshift",
     "\tif (!vma_map_clear(replay->map, move->new.start, move->new.end))\n"
     "\t\treturn false;\n"
     "\tfor (size_t i = 0; i < taken->count; i++) {\n"
     "\t\trun = taken->runs[i];\n"
     "\t\tshift"),
    ("mremap_duplicates", "effect_move.c",
     "\t\tmove.old.start = move.old.end = page_floor(event->args[0], replay->page_bytes);",
     "\t\tmove.old.start = move.old.end = event->args[0] & 0;"),
    ("mremap_keeps_the_source", "pages.c",
     "\tif (event->args[3] & MREMAP_DONTUNMAP || !old_bytes)",
     "\tif (!old_bytes)"),
    ("mremap_fixed_resizes", "effect_move.c",
     "\t\tif (run.end > move->new.end)\n"
     "\t\t\trun.end = move->new.end;",
     ""),
    ("mremap_huge_rounds", "effect_move.c",
     "bool huge = run && run->start <= event->args[0] && run->map_flags & RUN_HUGETLB;",
     "bool huge = false; (void)run;"),
    ("mremap_special_moves_whole", "effect_move.c",
     "\trun->row = 0;\n"
     "\trun->changed_by = seq;",
     "\trun->row = 0;\n"
     "\tif (!run->delta)\n"
     "\t\trun->object = OBJECT_ANONYMOUS;\n"
     "\trun->changed_by = seq;"),
    ("mremap_anonymous_has_no_page", "effect_move.c",
     "\tif (object_has_offsets(vma_map_object_at(replay->map, run->object)))\n"
     "\t\trun->delta",
     "\tif (replay)\n"
     "\t\trun->delta"),
    ("mremap_of_nothing", "effect_move.c",
     "\tif (!taken->count || taken->runs[0].start != move->old.start) {\n"
     "\t\treplay_doubt(replay);",
     "\tif (!taken->count || taken->runs[0].start != move->old.start) {"),
    ("mremap_failed", "effect_move.c",
     "\tif (event->failed)\n"
     "\t\treturn failed(replay, event, change);",
     "\tif (event->failed && event->args[3])\n"
     "\t\treturn failed(replay, event, change);"),
    ("mremap_untouched_zero_device", "compare.c",
     "return !row->shared && row->delta == 0 && strcmp",
     "return 0 && !row->shared && row->delta == 0 && strcmp"),
    ("madvise_shows_in_no_row mbind_shows_in_no_row", "effect_attributes.c",
     "\treturn mark(replay, event, change, CHANGE_ADVISE, &range, NULL);",
     "\treturn mark(replay, event, change, CHANGE_ADVISE, &range, protect);"),
    ("mseal_shows_in_no_row", "effect_attributes.c",
     "CHANGE_ADVISE, &range, seal);",
     "CHANGE_ADVISE, &range, protect);"),
    ("locks_show_in_no_row", "effect_attributes.c",
     "CHANGE_LOCK, &range, lock);\n"
     "}\n"
     "\n"
     "bool effect_unlocks(",
     "CHANGE_LOCK, &range, protect);\n"
     "}\n"
     "\n"
     "bool effect_unlocks("),
    ("prctl_names", "effect_attributes.c",
     "\tif (event->text)\n"
     "\t\tsnprintf(name, sizeof(name), form, event->text);\n"
     "\telse",
     "\tif (event->text || 1)\n"
     "\t\tsnprintf(name, sizeof(name), form, event->text ? event->text : \"\");\n"
     "\telse"),
    ("prctl_names_around_holes", "effect_attributes.c",
     "\tif ((event->failed && event->error != ENOMEM)",
     "\tif (event->failed"),
    ("prctl_names_no_file", "effect_attributes.c",
     "\t\tif ((object_is_anonymous(object) ||",
     "\t\tif ((object ||"),
    ("prctl_names_no_file", "effect_attributes.c",
     "\tif ((event->failed && event->error != ENOMEM)",
     "\tif ((event->failed && 0)"),
    ("shmat_without_rows", "effect_map.c",
     "\tif (!(flags & SHM_RDONLY))\n"
     "\t\trun.prot |= PROT_WRITE;",
     ""),
    ("shmat_without_rows", "effect_map.c",
     "vma_map_object(replay->map, 0, 1, event->args[0], name, &run.object)",
     "vma_map_object(replay->map, 0, 1, 0, name, &run.object)"),
    ("shmat_remap_replaces", "effect_map.c",
     "put(replay, event, &run, flags & SHM_REMAP, change)",
     "put(replay, event, &run, false, change)"),
    ("shmat_refused", "effect_map.c",
     "\tif (event->failed || range.start == range.end)\n"
     "\t\treturn true;\n"
     "\tif (!(flags & SHM_RDONLY))",
     "\tif (range.start == range.end)\n"
     "\t\trange = run.start ? range : (struct page_range) { 0, 0 };\n"
     "\tif (event->failed) {\n"
     "\t\trun.start = event->args[1];\n"
     "\t\trun.end = run.start + 4096;\n"
     "\t}\n"
     "\tif (!(flags & SHM_RDONLY))"),
    ("shmat_of_unknown_size", "effect_map.c",
     "\tif (!length && row && row->start == event->result)\n"
     "\t\tlength = row->end - row->start;",
     "\t(void)row;"),
    ("shmdt_whole", "effect_map.c",
     "\trange = (struct page_range) { run->start, vma_end(replay, run) };",
     "\trange = (struct page_range) { run->start, run->start + 4096 };\n"
     "\tlimit = 0;"),
    ("shmdt_passes_others", "effect_map.c",
     "\treturn run->delta == -base && object_is_sysv",
     "\treturn base && object_is_sysv"),
    ("shmdt_passes_others", "effect_map.c",
     "\twhile (run && !is_attached_at(replay, run, base))\n"
     "\t\trun = vma_map_next(replay->map, run);\n",
     "\tif (run && !is_attached_at(replay, run, base))\n"
     "\t\trun = NULL;\n"),
    ("shmdt_without_its_first_page shmdt_of_the_base", "effect_map.c",
     "\twhile ((run = vma_map_at(replay->map, range.end)) && run->start < limit) {",
     "\twhile (0 && (run = vma_map_at(replay->map, range.end)) && run->start < limit) {"),
    ("shmdt_within_its_size", "effect_map.c",
     "\t\t    range.end > limit)",
     "\t\t    false)"),
    ("shmdt_within_its_size", "effect_map.c",
     "\tlimit = attach ?",
     "\tlimit = 0 ?"),
    ("shmdt_of_nothing", "effect_map.c",
     "\tif (!run) {\n"
     "\t\treplay_doubt(replay);\n"
     "\t\treturn true;\n"
     "\t}\n"
     "\tattach",
     "\tif (!run)\n"
     "\t\treturn true;\n"
     "\tattach"),
    ("remap_file_pages_moves_in_the_file", "effect_map.c",
     "\tcopy.delta = event->args[3] * replay->page_bytes - range.start;",
     ""),
    ("remap_file_pages_moves_in_the_file", "effect_map.c",
     "\t\t\tpage_floor(event->args[1], replay->page_bytes),\n",
     "\t\t\tpage_ceil(event->args[1], replay->page_bytes),\n"),
    ("io_setup_is_unexplained missing_munmap_is_found missing_calls_are_counted_by_vma "
     "tracer_needs_both_snapshots", "implicit.c",
     "\tcheckpoint->unexplained += change.cause == CAUSE_UNEXPLAINED;",
     ""),
    ("vfork_child_changes_the_parent", "replay.c",
     "\tif (!effect || ordered->event->in_flight)",
     "\tif (!effect || ordered->event->in_flight || ordered->event->tid != 1)"),
    ("mmap_fixed_fails_with_nothing_changed", "replay.c",
     "\tif (fine && differences.count && change->kind == CHANGE_COUNT)",
     "\tif (fine && change->kind == CHANGE_COUNT)\n"
     "\t\tchange->kind = CHANGE_REMOVE;\n"
     "\tif (fine && differences.count && change->kind == CHANGE_COUNT)"),
    ("stack_grows_down growsdown_memory_grows_down", "implicit.c",
     "\tif (grown_stack(replay_map(context->replay), difference))\n"
     "\t\treturn CAUSE_STACK_GROWTH;",
     ""),
    ("stack_grows_down", "replay.c",
     "strcmp(row->name, \"[stack]\") == 0;",
     "strcmp(row->name, \"[stick]\") == 0;"),
    ("growsdown_memory_grows_down", "implicit.c",
     "\tdifference->after.grows_down = stack != NULL;",
     "\tdifference->after.grows_down = stack != NULL;\n"
     "\tdifference->start += 0x1000;"),
    ("other_memory_does_not_grow", "implicit.c",
     "run->start != difference->end || !run->grows_down ||",
     "run->start != difference->end ||"),
    ("other_memory_does_not_grow", "implicit.c",
     "\t    run->prot != difference->after.prot || run->object != difference->after.object)",
     "\t    run->object != difference->after.object)"),
    ("other_memory_does_not_grow", "implicit.c",
     "\t    run->prot != difference->after.prot || run->object != difference->after.object)",
     "\t    run->prot != difference->after.prot)"),
    ("snapshot_matches", "compare.c",
     "\t\tif (!agrees(map, &difference,",
     "\t\tif ((row && run && run->start <= at && row->start < run->start && run->prot == 3) ||\n"
     "\t\t    !agrees(map, &difference,"),
    ("implicit_changes_survive", "implicit.c",
     "\tif (!difference_apply(map, difference, event.seq))\n"
     "\t\treturn false;",
     ""),
    ("missing_calls_are_counted_by_vma", "compare.c",
     "\tif (!last || !continues(last, difference))",
     "\tif (last || !last)"),
    ("missing_munmap_is_found", "compare.c",
     "\tif (difference->mapped_before != difference->mapped_after)\n"
     "\t\treturn false;",
     "\tif (!difference->mapped_before && difference->mapped_after)\n"
     "\t\treturn false;\n"
     "\tif (!difference->mapped_after)\n"
     "\t\treturn true;"),
    ("renamed_files_are_no_change", "compare.c",
     "\treturn run->object == row->object ||\n"
     "\t       object_renamed(object, vma_map_object_at(map, row->object));",
     "\treturn run->object == row->object;"),
    ("renamed_files_are_no_change", "objects.c",
     "\t       a->dev_minor == b->dev_minor && a->inode == b->inode;",
     "\t       a->dev_minor == b->dev_minor;"),
    ("rows_may_overlap", "compare.c",
     "\t\twhile (i < row_count && rows[i].end <= at)",
     "\t\twhile (i < row_count && rows[i].end < at)"),
    ("tracer_loads_its_unwinder", "implicit.c",
     "\tif (context->after_tracer)\n\t\treturn CAUSE_TRACER;",
     "\tif (context->after_tracer)\n\t\treturn CAUSE_UNEXPLAINED;"),
    ("tracer_loads_its_unwinder", "implicit.c",
     "\tif (context->after_tracer)\n",
     "\tif (context)\n"),
    ("io_setup_maps_its_ring io_destroy_unmaps_its_ring uprobe_maps_its_page drm_ioctl_maps_an_object",
     "implicit.c",
     "\treturn cause_by_name(replay_map(context->replay), difference);",
     "\treturn cause_by_name == NULL ? CAUSE_TRACER : CAUSE_UNEXPLAINED;"),
    ("ring_of_io_uring_is_unexplained", "implicit.c",
     "\treturn cause_by_name(replay_map(context->replay), difference);",
     "\treturn difference->mapped_before ? CAUSE_UNEXPLAINED : CAUSE_IO_SETUP;"),
    ("io_destroy_unmaps_its_ring", "implicit.c",
     "named[i].appears == difference->mapped_after && is_named",
     "is_named"),
    ("drm_object_of_another_name", "implicit.c",
     "\t       (!name[length] || !strcmp(name + length, \" (deleted)\"));",
     "\t       length > 0;"),
    ("io_setup_replaces_nothing", "implicit.c",
     "\tif (difference->mapped_before == difference->mapped_after)\n\t\treturn CAUSE_UNEXPLAINED;\n"
     "\tfor",
     "\tfor"),
    ("tracer_needs_both_snapshots", "walk.c",
     "VMAT_SNAPSHOT_AFTER_TRACER &&",
     "VMAT_SNAPSHOT_AFTER_TRACER ||"),
    ("racy_rows_are_left_out racy_mapping_is_left_out racy_detachment_is_left_out "
     "in_flight_makes_rows_uncertain", "implicit.c",
     "\tif (!touch.visible)\n"
     "\t\treturn true;",
     "\tif (event)\n"
     "\t\treturn true;"),
    ("racy_detachment_is_left_out", "pages.c",
     "\ttouch->attachment = event->args[0];",
     ""),
    ("racy_reading_took_long", "walk.c",
     "\tfine = order_read_past(walk->order, compared_with_base(walk, walk->next).end) &&",
     "\tfine ="),
    ("readers_own_calls_are_certain", "implicit.c",
     "\tif (event->tid == snapshot->tid)\n"
     "\t\treturn event->enter < snapshot->end;",
     ""),
    ("redo_from_the_base", "walk.c",
     "\t    event->exit < base->begin) /* the",
     "\t    event->exit < base->end) /* the"),
    ("redo_from_the_base redo_of_a_move", "replay.c",
     "\treplay->uncertain = uncertain;",
     "\treplay->uncertain = false && uncertain;"),
    ("redo_of_a_move", "effect_move.c",
     "\t\treplay_doubt(replay);\n"
     "\t\treturn true;\n"
     "\t}\n"
     "\tif (!fixed",
     "\t\treplay_doubt(replay);\n"
     "\t\treturn vma_map_clear(replay->map, move->new.start, move->new.end);\n"
     "\t}\n"
     "\tif (!fixed"),
    ("calls_before_the_base_are_in_it", "walk.c",
     "\t    event->exit < base->begin) /* the",
     "\t    event->exit < base->begin && !base) /* the"),
    ("release_before_acquire shmdt_is_a_release far_apart_in_time "
     "release_first_on_ties", "order.c",
     "\tentry.key = 2 * event->enter;\n",
     ""),
    ("release_first_on_ties", "order.c",
     "\tstruct entry entry = { 2 * event->exit + 1,",
     "\tstruct entry entry = { 2 * event->exit - 1,"),
    ("acquire_before_its_release", "order.c",
     "\tstruct entry entry = { 2 * event->exit + 1,",
     "\tstruct entry entry = { 2 * event->exit + 4,"),
    ("brk_shrinking_is_a_release", "order.c",
     "\t[EFFECT_SETS_BREAK] = { shrinks_to_result, false },",
     ""),
    ("sbrk_shrinking_is_a_release", "order.c",
     "\t[EFFECT_MOVES_BREAK] = { shrinks_by_increment, false },",
     ""),
    ("shmdt_is_a_release", "order.c",
     "\t[EFFECT_DETACHES] = { always, false },",
     ""),
    ("release_before_acquire", "order.c",
     "\t[EFFECT_UNMAPS] = { always, false },",
     ""),
    ("mremap_releases_its_old_range mremap_in_place_keeps_its_pages", "order.c",
     "\t[EFFECT_MOVES] = { mremap_releases, true },",
     ""),
    ("mremap_gets_its_new_range_late", "order.c",
     "\t\tentry.half = ORDER_ACQUIRE;\n",
     "\t\tentry.half = ORDER_ACQUIRE;\n"
     "\t\tentry.key = 2 * event->enter + 1;\n"),
    ("mremap_in_place_keeps_its_pages", "effect_move.c",
     "\tif (!move->in_place)\n"
     "\t\treturn take",
     "\tif (move)\n"
     "\t\treturn take"),
    ("protect_sorts_by_exit", "order.c",
     "\t[EFFECT_UNMAPS] = { always, false },",
     "\t[EFFECT_UNMAPS] = { always, false },\n"
     "\t[EFFECT_PROTECTS] = { always, false },"),
    ("protects_that_race handler_races_with_its_thread", "races.c",
     "if (!races->window)",
     "if (races->window < 8)"),
    ("protects_that_race protect_races_with_munmap handler_races_with_its_thread", "races.c",
     "\t\t\tmark(context, slot, event->seq);",
     "\t\t\t(void)mark;"),
    ("protects_that_race handler_races_with_its_thread", "races.c",
     "\t\t\tmark(context, recent->slot, recent->seq);",
     "\t\t\t(void)0;"),
    ("handler_races_with_its_thread", "races.c",
     "races->recent[i - 1].exit >= event->enter",
     "races->recent[i - 1].exit > event->enter + 1"),
    ("in_flight_is_not_applied", "replay.c",
     "\tif (!effect || ordered->event->in_flight)",
     "\tif (!effect)"),
    ("in_flight_makes_rows_uncertain", "pages.c",
     "\t\ttouch->anywhere = page_ceil(length, page_bytes);",
     "\t\ttouch->anywhere = 0;"),
    ("left_calls_explain left_calls_may_be_late", "walk.c",
     "left_items(&walk->left, snapshot, input->page_bytes, &left) &&",
     "!left.count &&"),
    ("left_calls_explain", "implicit.c",
     "\treturn !difference->mapped_before && difference->mapped_after &&\n"
     "\t       (asked_for_alike(uncertain, bytes) ||",
     "\treturn !difference->mapped_before && difference->mapped_after &&\n"
     "\t       (false ||"),
    ("left_calls_explain_no_more", "implicit.c",
     "\t\t\tfine = make_change(context, &unexplained.items[i], CAUSE_UNEXPLAINED, checkpoint);".lstrip("\t"),
     "fine = make_change(context, &unexplained.items[i], CAUSE_LEFT, checkpoint);"),
    ("left_calls_are_settled", "walk.c",
     "\t\tleft_settle(&walk->left, snapshot);",
     ""),
    ("left_calls_may_be_late", "left.c",
     "\t\tif (left->calls[i].exit >= snapshot->begin)",
     "\t\tif (!snapshot)"),
    ("left_calls_make_possible", "walk.c",
     "left_excuses(&walk->left, event, walk->input.page_bytes))) {",
     "false)) {"),
    ("far_apart_in_time", "order.c",
     "\tuint64_t enter = order->unread > order->window ? order->unread - order->window : 0;",
     "\tuint64_t enter = order->unread;"),
    ("internal_calls_are_apart", "runs.h",
     "COMMON_BYTES) == 0;",
     "COMMON_BYTES - 2) == 0 && low->grows_down == high->grows_down;"),
    ("calls_without_effect", "replay.c",
     "\t[EFFECT_NAMES] = effect_names,",
     "\t[EFFECT_NAMES] = effect_names,\n"
     "\t[EFFECT_NONE] = effect_unmaps,"),
    ("split_and_merge", "replay.c",
     "\t\tchange->kind = CHANGE_MERGE;",
     "\t\tchange->kind = CHANGE_GROW;"),
    ("mremap_onto_itself_unmaps mremap_fixed_failed_after_unmapping", "pages.c",
     "event->args[4], event->args[2],",
     "0 * event->args[4], event->args[2],"),
    ("mremap_fixed_fails_midway", "effect_move.c",
     "\tfor (size_t i = 0; i < touch.count; i++) {\n"
     "\t\tif (!replay_resync",
     "\tfor (size_t i = 1; i < touch.count; i++) {\n"
     "\t\tif (!replay_resync"),
    ("protect_of_known_pages_is_not_racy", "races.c",
     "races->recent[i - 1].exit >= event->enter",
     "races->recent[i - 1].exit + 4 >= event->enter"),
    ("mmap_anonymous_has_no_offset", "runs.h",
     "\treturn low->end == high->start && low->delta == high->delta &&",
     "\treturn low->end == high->start && low->delta == high->delta && low->created_by == high->created_by &&"),
    ("slow_release_is_not_racy", "races.c",
     "\t\t\tif (acquire->touch.roles[j] == TOUCH_PLACES &&",
     "\t\t\tif (0 &&"),
    ("slow_release_is_not_racy", "races.c",
     "acquire->touch.ranges[j].end >= both.end",
     "acquire->touch.ranges[j].end"),
    ("what_was_placed_is_not_racy", "races.c",
     "other->touch.roles[j] == TOUCH_PLACES ||",
     ""),
    ("shmdt_leaves_other_attachments", "effect_map.c",
     "run->attach != attach || run->object",
     "run->object"),
    ("redo_of_a_move_into_freed_room", "effect_move.c",
     "if (!replay_restore(replay, replay->base, &move->new))",
     "if (!replay)"),
    ("base_read_beside_a_move", "walk.c",
     "\tif (!replay_unseen(walk->replay))",
     "\tif (replay_unseen(walk->replay) || true)"),
    ("unmapping_overtaken_by_the_base base_knows_who_came_after_a_slow_release", "overtaken.c",
     "\tif (effect == EFFECT_UNMAPS)\n",
     "\tif (effect == EFFECT_COUNT)\n"),
    ("move_overtaken_by_the_base", "overtaken.c",
     "\treturn effect == EFFECT_MOVES && keep_move",
     "\treturn effect == EFFECT_COUNT && keep_move"),
]

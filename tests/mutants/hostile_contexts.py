"""Where a call may come from: threads, signals, errno (T), and stacks (U)."""
from table import Mutant

RECORDER, SPACE, UNWIND = "preload/recorder.c", "preload/address_space.c", "preload/unwind.c"
RECIPES, STACKS, MEMO = "preload/recipes.c", "preload/stacks.c", "preload/memo.c"
CFI, ENTRY, SITE_CALL = "preload/arch/x86_64/cfi.c", "preload/arch/x86_64/entry.S", "preload/arch/x86_64/site_call.c"

MUTANTS = [
    Mutant("tls_of_the_general_kind", "T1 E17", RECORDER, "} thread __attribute__((tls_model(\"initial-exec\")));",
           "} thread __attribute__((tls_model(\"global-dynamic\")));", "layers"),
    Mutant("much_tls", "T2 T3", RECORDER, "\tuint32_t depth; /* events begun and not ended */\n",
           "\tuint32_t depth;\n\tchar cache[20000];\n", "hostile/least_stacks layers"),
    Mutant("nested_calls_are_dropped", "T4", RECORDER, "\tif (!address_space_enter()) {",
           "\tif (thread.depth || !address_space_enter()) {", "hostile/signals hostile/alternate_stack_above hostile/shared_thread"),
    Mutant("one_stack_for_all", "T4 T9", RECORDER, "\treturn here == there ? caller->sp >= thread.outer_sp : there;",
           "\t(void)here, (void)there;\n\treturn caller->sp >= thread.outer_sp;", "hostile/alternate_stack_above"),
    Mutant("the_program_s_stack_to_learn_on", "T6 U7", CFI,
           "\tcall_on_stack(desk->stack + sizeof(desk->stack), answer, desk);", "\tanswer(desk);",
           "hostile/small_alternate_stack"),
    Mutant("the_walk_on_the_program_s_stack", "U7", STACKS, "\twalk = memo_walk(memo);",
           "\tstruct unwind_walk here[4];\n\n\t__builtin_memset(here, 1, sizeof(here));\n\twalk = here;",
           "hostile/small_alternate_stack hostile/least_stacks"),
    Mutant("errno_of_the_break", "T7", "preload/wrappers.c", "\tr.event.result = (uint64_t)real.sbrk(0);\n\terrno = saved;",
           "\t(void)saved;\n\terrno = 0;\n\tr.event.result = (uint64_t)real.sbrk(0);", "hostile/every_call"),
    Mutant("errno_is_lost", "T7", RECORDER, "\trecorder_leave(recording);\n\terrno = saved;",
           "\trecorder_leave(recording);\n\terrno = saved & 0;",
           "hostile/every_call hostile/small_alternate_stack"),
    Mutant("signals_stay_blocked", "T8", RECIPES, "\tRAW_4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, SIGNAL_SET_BYTES);\n",
           "", "hostile/interrupted"),
    Mutant("cancelled_while_learning", "T8 T11", RECIPES,
           "\tpthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type_before);\n"
           "\tpthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state_before);\n",
           "\tpthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type_before);\n"
           "\tpthread_setcanceltype(type_before, NULL);\n"
           "\tpthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state_before);\n",
           "hostile/cancelled_early"),
    Mutant("who_jumped_away_stays", "T9", RECORDER, "\tif (thread.depth && outer_is_gone(caller)) {",
           "\tif (thread.depth > 1000 && outer_is_gone(caller)) {", "hostile/jumps hostile/jumps_from_handlers"),
    Mutant("what_was_left_in_flight_stays", "T9", RECORDER,
           "\t\tbool left_behind = outermost && owner >> 1 == tid;", "\t\tbool left_behind = outermost && owner == tid;",
           "hostile/jumps"),
    Mutant("a_thread_of_ours", "T10", SPACE, "\trecorder_own_calls(+1);\n\tsnapshot_take(VMAT_SNAPSHOT_BEFORE_TRACER);",
           "\tpthread_create(&helper, NULL, help, NULL);\n\trecorder_own_calls(+1);\n"
           "\tsnapshot_take(VMAT_SNAPSHOT_BEFORE_TRACER);", "hostile/signals",
           ((SPACE, "void address_space_libc_is_ready(void)\n{",
             "#include <pthread.h>\n#include <unistd.h>\nstatic void *help(void *unused)\n{\n\tfor (;;)\n\t\tpause();\n"
             "\treturn unused;\n}\n\nvoid address_space_libc_is_ready(void)\n{\n\tpthread_t helper;\n"),)),
    Mutant("data_of_a_thread_that_is_destroyed", "T12", RECORDER, "\tif (thread.own || modules_are_own(caller->pc))",
           "\tif (!thread.kept && address_space.libc_is_ready) {\n"
           "\t\tif (!data_key)\n\t\t\tpthread_key_create(&data_key, forget);\n"
           "\t\tthread.kept = pthread_setspecific(data_key, &thread) == 0;\n\t}\n"
           "\tif (thread.own || modules_are_own(caller->pc))", "hostile/thread_data_destructors",
           ((RECORDER, "\tuint32_t tid;\n\tuint32_t generation;", "\tuint32_t kept;\n\tuint32_t tid;\n\tuint32_t generation;"),
            (RECORDER, "static void fill_event(", "#include <pthread.h>\nstatic pthread_key_t data_key;\n"
             "static void forget(void *data)\n{\n\t(void)data;\n\tthread.own = 1;\n}\n\nstatic void fill_event("))),
    Mutant("asks_the_loader_for_each_event", "U1", RECORDER, "\tif (thread.own || modules_are_own(caller->pc))",
           "\treal.dl_iterate_phdr(look, NULL);\n\tif (thread.own || modules_are_own(caller->pc))", "hostile/torture",
           ((RECORDER, "static void fill_event(", "#include \"real.h\"\nstatic int look(struct dl_phdr_info *info, size_t bytes, void *data)\n"
             "{\n\t(void)info, (void)bytes, (void)data;\n\treturn 0;\n}\n\nstatic void fill_event("),)),
    Mutant("the_pipe_stays", "U2", CFI, "\t\tif (closes)\n\t\t\tclose_pipe(fd);", "\t\tif (!closes)\n\t\t\tclose_pipe(fd);",
           "hostile/descriptors"),
    Mutant("every_stack_goes_on", "U3 U17", UNWIND, "\tif (__builtin_expect(frame.bound == state.main_stack_end, 1))\n\t\treturn true;\n\t/* The return address below sp was read. */\n\tif",
           "\tif (address)\n\t\treturn true;\n\tif", "hostile/bare_stacks"),
    Mutant("no_foreign_stacks", "U3 U17", UNWIND, "\telse\n\t\tframe.foreign = true;\n",
           "\telse\n\t\tframe.bound = frame.sp;\n", "hostile/coroutines hostile/bare_stacks"),
    Mutant("a_walk_into_another_one_s_memo", "U4", MEMO, "\t\tif (state & 1 || !__atomic_compare_exchange_n(&memo->state, &state, mine, false,\n"
           "\t\t                                              __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))\n\t\t\tcontinue;",
           "\t\t__atomic_store_n(&memo->state, mine, __ATOMIC_RELAXED);\n\t\t(void)state;", "file/hundred_laps"),
    Mutant("learns_with_signals", "U4", RECIPES, "SIG_BLOCK, &all, &mask, SIGNAL_SET_BYTES)",
           "SIG_BLOCK, &none, &mask, SIGNAL_SET_BYTES)", "hostile/signalled_early",
           ((RECIPES, "\tconst uint64_t all = UINT64_MAX;\n\tstruct dl_find_object object;", "\tconst uint64_t none = 0;\n\tstruct dl_find_object object;"),)),
    Mutant("no_frames_by_rbx", "U5", UNWIND, "\tif (!frame.bx_at)\n\t\treturn", "\tif (frame.bx_at | 1)\n\t\treturn",
           "trace/unwind"),
    Mutant("a_library_s_recipes_outlive_it", "U8", SITE_CALL,
           "\t\trecipes_forget(frame->args[0], frame->args[0] + frame->args[1]);\n", "", "programs/reload",
           ((RECIPES, "\t\tif (known->start == start && known->end == end && known->print == print)\n\t\t\treturn;\n\t\tforget_range(memory, known->start, known->end);",
             "\t\treturn;"),)),
    Mutant("the_unwinder_among_the_program_s", "U9", "preload/wrappers.c",
           "!addr && recorder_calls_are_own())", "!addr && length == 0)", "sites/layout_python3",
           ((SITE_CALL, "&& !frame->args[0] && recorder_calls_are_own())", "&& frame->args[1] == 0)"),)),
    Mutant("opens_a_file_to_learn", "U6", RECIPES, "\tint state_before, type_before;\n",
           "\tint state_before, type_before;\n\n\tclose(open(\"/proc/self/maps\", O_RDONLY));\n", "hostile/sandboxed",
           ((RECIPES, "#include <errno.h>\n", "#include <errno.h>\n#include <fcntl.h>\n#include <unistd.h>\n"),)),
    Mutant("linked_to_the_unwinder", "U11", "CMakeLists.txt", "target_link_libraries(vmatrace PRIVATE ${CMAKE_DL_LIBS})",
           "target_link_libraries(vmatrace PRIVATE ${CMAKE_DL_LIBS} -Wl,--no-as-needed unwind)",
           "layers sites/throw"),
    Mutant("a_site_without_its_frame", "L17", ENTRY,
           "\tmovq\t%rsp, %rbp\n\t.cfi_def_cfa_register %rbp\n\t/* Not pushfq", "\tmovq\t%rsp, %rbp\n\t/* Not pushfq",
           "sites/gdb"),
    Mutant("no_frames_by_frame_pointer", "U12", UNWIND, "\t\tframe = step_by_frame_pointer(frame, walk);\n\t\t/* Code that",
           "\t\tframe = with_step(frame, STEP_STOPPED);\n\t\t/* Code that",
           "programs/judged-node programs/judged-java"),
    Mutant("believes_a_frame_pointer", "U13", UNWIND, "\tif (!may_guess(frame, at))\n\t\treturn with_step(frame, STEP_STOPPED);\n\tpc",
           "\tpc", "trace/unwind"),
    Mutant("a_signal_s_frame_is_a_call_s", "U15", UNWIND, "\tframe = arrived(frame, pc, sp);\n\tframe.exact = true;",
           "\tframe = arrived(frame, pc, sp);", "trace/unwind"),
    Mutant("no_step_over_a_signal", "U15", UNWIND, "\t\treturn step_over_signal(frame, walk);",
           "\t\treturn with_step(frame, STEP_STOPPED);", "sites/handler trace/unwind"),
    Mutant("begins_in_the_wrapper", "U16", "preload/arch/x86_64/caller.h",
           ".pc = (uint64_t)__builtin_return_address(0),                                       \\",
           ".pc = (uint64_t)real_resolve + 1, \\", "hostile/plugins"),
    Mutant("believes_in_valgrind_s_libc", "U18 E8", "preload/settings.c", "\"/vgpreload_\"", "\"/no_such_\"",
           "sites/valgrind"),
]

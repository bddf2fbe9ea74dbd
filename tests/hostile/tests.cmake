# hostile: programs that do unusual things to themselves, untraced and traced.
foreach(PROGRAM behaviours births confined contexts coroutines intruder learning startup)
  add_executable(${PROGRAM} tests/hostile/${PROGRAM}.c tests/hostile/witness.c)
  if(NOT PROGRAM STREQUAL behaviours)
    target_sources(${PROGRAM} PRIVATE tests/hostile/acts.c)
  endif()
  target_compile_options(${PROGRAM} PRIVATE -O1 -g)
  target_link_libraries(${PROGRAM} PRIVATE ${CMAKE_DL_LIBS} m pthread)
endforeach()
target_sources(intruder PRIVATE tests/hostile/intruder_writes.c)
add_executable(torture tests/hostile/torture.c)
target_compile_options(torture PRIVATE -O1 -g)
target_link_libraries(torture PRIVATE ${CMAKE_DL_LIBS} pthread)
foreach(PLUGIN first second)
  add_library(plugin_${PLUGIN} MODULE tests/hostile/plugin.c)
  target_compile_options(plugin_${PLUGIN} PRIVATE -O1 -g -DFUNCTION=maps_${PLUGIN})
  set_target_properties(plugin_${PLUGIN} PROPERTIES PREFIX ""
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/hostile)
endforeach()
add_executable(learning_own_mmap tests/hostile/learning.c tests/hostile/own_mmap.c tests/hostile/witness.c tests/hostile/acts.c)
target_compile_options(learning_own_mmap PRIVATE -O1 -g)
target_link_libraries(learning_own_mmap PRIVATE ${CMAKE_DL_LIBS} m pthread)
# Their sigprocmask() and mmap() are for the library that the recorder loads.
set_target_properties(learning learning_own_mmap PROPERTIES ENABLE_EXPORTS ON)
set_target_properties(intruder PROPERTIES BUILD_RPATH "$ORIGIN/hostile")
# The same pc in both would say nothing: what one knows of it would be right of the other.
target_compile_options(plugin_second PRIVATE -falign-functions=256)

# hostile_test(SCRIPT ACT...): each act is a test.
function(hostile_test SCRIPT)
  foreach(ACT ${ARGN})
    add_test(NAME hostile/${ACT} COMMAND ${CMAKE_SOURCE_DIR}/tests/hostile/${SCRIPT}
      ${CMAKE_BINARY_DIR} ${ACT})
    set_tests_properties(hostile/${ACT} PROPERTIES LABELS hostile SKIP_RETURN_CODE 77 TIMEOUT 600)
  endforeach()
endfunction()
hostile_test(behaviours.py every_call threads short_threads killed signals jumps forks_in_handler family children
  descriptors settings stop)
hostile_test(intruder.py ring_unmapped ring_protected ring_advised ring_edges ring_replaced
  ring_replaced_in_child ring_moved ring_remapped ring_listed ring_scribbled ring_changing unknown_unmapped file_replaced
  texts dumped plugins)
hostile_test(confined.py sandboxed narrow_exec known_filter limited full_disk other_root strict)
hostile_test(births.py own_spaces unwiped_spaces borrowed_spaces shared_thread daemonise many_forks emptied_environment
  static_program raw_births program_of_32_bits other_libc setuid_program one_folder)
hostile_test(contexts.py small_alternate_stack alternate_stack_above interrupted least_stacks thread_data_destructors cancelled_early signalled_early
  exit_amid_calls main_thread_leaves coroutines jumps_from_handlers bare_stacks signalled_amid_learning walked_amid_learning
  forked_amid_learning forked_amid_shared_learning forked_amid_locked_learning unloading_unseen)
# With --full 10,000 processes, threads or jumps.
set_tests_properties(hostile/many_forks hostile/least_stacks hostile/jumps_from_handlers PROPERTIES TIMEOUT 3000)
hostile_test(startup.py resolvers opened audited preinit exits quick_exits destructors)
hostile_test(neighbours.py jemalloc tcmalloc mimalloc interposer initfirst_interposer own_mmap deepbind asan
  tsan ubsan layouts)

# Two minutes with the others; an hour with --full.
foreach(NAME torture torture_hour)
  add_test(NAME hostile/${NAME} COMMAND ${CMAKE_SOURCE_DIR}/tests/hostile/torture.py ${CMAKE_BINARY_DIR}
    $<IF:$<STREQUAL:${NAME},torture>,120,3600>)
  set_tests_properties(hostile/${NAME} PROPERTIES LABELS hostile TIMEOUT 4000)
endforeach()
set_tests_properties(hostile/torture_hour PROPERTIES LABELS "hostile;full")

# The tests that the table of README.md names are there.
add_test(NAME hostile/traps COMMAND ${CMAKE_SOURCE_DIR}/tests/hostile/traps.py ${CMAKE_BINARY_DIR})
set_tests_properties(hostile/traps PROPERTIES LABELS hostile)

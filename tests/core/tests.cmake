# The model: units in cmocka, replay scripts (one test each), and the live kernel.
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
foreach(name vma_map order walk ahead overtaken piece_pool double_map uncertain number_table)
  if(NOT CMOCKA_FOUND)
    message(STATUS "cmocka is missing: no unit tests of the core")
    break()
  endif()
  add_executable(${name}_test ${CMAKE_CURRENT_LIST_DIR}/${name}_test.c)
  target_link_libraries(${name}_test PRIVATE vmatrace_core PkgConfig::CMOCKA)
  add_test(NAME core.${name} COMMAND ${name}_test)
  set_tests_properties(core.${name} PROPERTIES LABELS core)
endforeach()

file(GLOB REPLAY_RUNNER CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/replay/*.c)
add_executable(replay_script ${REPLAY_RUNNER})
target_link_libraries(replay_script PRIVATE vmatrace_core)
file(GLOB REPLAY_SCRIPTS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/replay/*.replay)
foreach(script ${REPLAY_SCRIPTS})
  get_filename_component(name ${script} NAME_WE)
  add_test(NAME replay.${name} COMMAND replay_script ${script})
  set_tests_properties(replay.${name} PROPERTIES LABELS replay)
endforeach()

# Random calls on this kernel, 20,000 of them; VMATRACE_FULL=1 makes it 120,000. Not under ASan, whose
# allocator maps memory of its own between the calls.
if(NOT VMATRACE_SANITIZE)
  file(GLOB DIFFERENTIAL CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/differential*.c)
  add_executable(differential ${DIFFERENTIAL})
  target_link_libraries(differential PRIVATE vmatrace_core)
  add_test(NAME replay.differential COMMAND differential)
  set_tests_properties(replay.differential PROPERTIES LABELS replay TIMEOUT 600)
endif()

# Each rule of the core undone in a copy of it; every script must fail under its own.
find_program(PYTHON3 python3)
if(PYTHON3)
  add_test(NAME replay.breaks COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/replay/mutate.py)
  set_tests_properties(replay.breaks PROPERTIES LABELS full TIMEOUT 900)
endif()

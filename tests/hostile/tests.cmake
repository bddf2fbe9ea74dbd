# hostile: programs that do unusual things to themselves, untraced and traced.
add_executable(behaviours tests/hostile/behaviours.c)
target_compile_options(behaviours PRIVATE -O1 -g)
add_executable(intruder tests/hostile/intruder.c)
target_compile_options(intruder PRIVATE -O1 -g)
target_link_libraries(intruder PRIVATE ${CMAKE_DL_LIBS})
foreach(PLUGIN first second)
  add_library(plugin_${PLUGIN} MODULE tests/hostile/plugin.c)
  target_compile_options(plugin_${PLUGIN} PRIVATE -O1 -g -DFUNCTION=maps_${PLUGIN})
  set_target_properties(plugin_${PLUGIN} PROPERTIES PREFIX ""
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/hostile)
endforeach()
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
  ring_replaced_in_child ring_moved ring_remapped unknown_unmapped file_replaced sandboxed texts limited
  full_disk dumped plugins)

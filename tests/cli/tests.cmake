# The edges of the analyzer: its readers and writers as units, its command line from outside.
add_executable(make_trace tests/cli/make_trace.c tests/cli/trace_image.c)
target_compile_options(make_trace PRIVATE ${SANITIZE})
target_link_options(make_trace PRIVATE ${SANITIZE})

foreach(name bad_input formats golden stream)
  add_test(NAME cli.${name}
    COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/tests/cli/${name}.sh
      $<TARGET_FILE:vmatrace_cli> $<TARGET_FILE:make_trace>)
  set_tests_properties(cli.${name} PROPERTIES LABELS cli SKIP_RETURN_CODE 77 TIMEOUT 600)
endforeach()

# All of the analyzer but main.c: what a unit of io, render or cmd needs.
set(EDGE_UNITS ${EDGE_SOURCES})
list(FILTER EDGE_UNITS EXCLUDE REGEX "/main\\.c$")
add_library(vmatrace_edges STATIC EXCLUDE_FROM_ALL ${EDGE_UNITS})
target_compile_definitions(vmatrace_edges PRIVATE VMATRACE_LIBDIR="${CMAKE_INSTALL_FULL_LIBDIR}")
target_link_libraries(vmatrace_edges PUBLIC vmatrace_core ${EDGE_LIBRARIES})

pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
foreach(name proc_maps image spelling packed_stack writer relay)
  if(NOT CMOCKA_FOUND)
    break()
  endif()
  add_executable(${name}_test tests/cli/${name}_test.c)
  target_link_libraries(${name}_test PRIVATE vmatrace_edges PkgConfig::CMOCKA)
  # image_test looks itself up: it needs its lines and a build-id, whatever the build type.
  target_compile_options(${name}_test PRIVATE -g)
  target_link_options(${name}_test PRIVATE -Wl,--build-id)
  add_test(NAME cli.${name} COMMAND ${name}_test)
  set_tests_properties(cli.${name} PROPERTIES LABELS cli)
endforeach()

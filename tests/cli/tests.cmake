# The command line, from outside: bad input, formats, golden traces.
add_executable(make_trace tests/cli/make_trace.c)
target_compile_options(make_trace PRIVATE ${SANITIZE})
target_link_options(make_trace PRIVATE ${SANITIZE})

foreach(name bad_input formats golden)
  add_test(NAME cli.${name}
    COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/tests/cli/${name}.sh
      $<TARGET_FILE:vmatrace_cli> $<TARGET_FILE:make_trace>)
  set_tests_properties(cli.${name} PROPERTIES LABELS cli SKIP_RETURN_CODE 77 TIMEOUT 600)
endforeach()

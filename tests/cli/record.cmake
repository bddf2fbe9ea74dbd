# record: what it starts, what it refuses, what it leaves behind.
add_test(NAME cli.record
  COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/record_test.sh $<TARGET_FILE:vmatrace_cli> ${CMAKE_C_COMPILER})
set_tests_properties(cli.record PROPERTIES LABELS cli)
add_test(NAME cli.record_signals
  COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/record_signals.py $<TARGET_FILE:vmatrace_cli>)
set_tests_properties(cli.record_signals PROPERTIES LABELS cli TIMEOUT 300)

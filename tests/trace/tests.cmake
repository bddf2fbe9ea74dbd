# trace: each sample under the preload, its own account held against the trace.
foreach(SAMPLE ${VMATRACE_SAMPLES})
  add_test(NAME trace/${SAMPLE} COMMAND ${CMAKE_CURRENT_LIST_DIR}/compare_account.py
    ${CMAKE_BINARY_DIR} ${SAMPLE})
  set_tests_properties(trace/${SAMPLE} PROPERTIES LABELS trace SKIP_RETURN_CODE 77 TIMEOUT 120)
endforeach()
include(${CMAKE_CURRENT_LIST_DIR}/unwind.cmake OPTIONAL)

# programs: real programs, untraced and traced.
foreach(PROGRAM python3 git sort gcc bash names redis)
  add_test(NAME programs/${PROGRAM} COMMAND ${CMAKE_CURRENT_LIST_DIR}/programs.py
    ${CMAKE_BINARY_DIR} ${PROGRAM})
  set_tests_properties(programs/${PROGRAM} PROPERTIES LABELS programs SKIP_RETURN_CODE 77
    TIMEOUT 900)
endforeach()
add_test(NAME programs/install COMMAND ${CMAKE_CURRENT_LIST_DIR}/install.py ${CMAKE_BINARY_DIR})
set_tests_properties(programs/install PROPERTIES LABELS programs TIMEOUT 120)

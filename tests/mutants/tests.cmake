# mutants: each mechanism of the recorder taken out in a copy of the tree; the tests named for it must fail.
add_test(NAME mutants COMMAND ${CMAKE_CURRENT_LIST_DIR}/run.py ${CMAKE_BINARY_DIR})
set_tests_properties(mutants PROPERTIES LABELS full SKIP_RETURN_CODE 77 TIMEOUT 21600)
# All of them apply, and each trap and each test of tests/hostile and tests/file has one.
add_test(NAME hostile/mutants COMMAND ${CMAKE_CURRENT_LIST_DIR}/run.py ${CMAKE_BINARY_DIR} --check)
set_tests_properties(hostile/mutants PROPERTIES LABELS hostile)

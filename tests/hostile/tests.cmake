# hostile: programs that do unusual things to themselves, untraced and traced.
add_executable(behaviours tests/hostile/behaviours.c)
target_compile_options(behaviours PRIVATE -O1 -g)
foreach(ACT every_call threads killed signals jumps forks_in_handler family children descriptors
    ring_unmapped ring_protected ring_replaced settings stop)
  add_test(NAME hostile/${ACT} COMMAND ${CMAKE_CURRENT_LIST_DIR}/behaviours.py
    ${CMAKE_BINARY_DIR} ${ACT})
  set_tests_properties(hostile/${ACT} PROPERTIES LABELS hostile SKIP_RETURN_CODE 77 TIMEOUT 600)
endforeach()

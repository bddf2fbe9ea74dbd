# trace: each sample under the preload, its own account held against the trace.
foreach(SAMPLE ${VMATRACE_SAMPLES})
  add_test(NAME trace/${SAMPLE} COMMAND ${CMAKE_CURRENT_LIST_DIR}/compare_account.py
    ${CMAKE_BINARY_DIR} ${SAMPLE})
  set_tests_properties(trace/${SAMPLE} PROPERTIES LABELS trace SKIP_RETURN_CODE 77 TIMEOUT 120)
endforeach()

add_test(NAME trace/account COMMAND ${CMAKE_CURRENT_LIST_DIR}/account_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(trace/account PROPERTIES LABELS trace TIMEOUT 120)

# Traces with one thing taken out: verify must notice what, and only what, the replay needs.
add_executable(reuse ${CMAKE_CURRENT_LIST_DIR}/reuse.c)
foreach(PROGRAM reuse samples/protect samples/libraries samples/heap_growth)
  get_filename_component(NAME ${PROGRAM} NAME)
  add_test(NAME trace/altered_${NAME} COMMAND ${CMAKE_CURRENT_LIST_DIR}/altered.py
    $<TARGET_FILE:vmatrace_cli> ${CMAKE_BINARY_DIR}/${PROGRAM})
  set_tests_properties(trace/altered_${NAME} PROPERTIES LABELS trace SKIP_RETURN_CODE 77 TIMEOUT 120)
endforeach()

find_package(Threads REQUIRED)
add_executable(killed ${CMAKE_CURRENT_LIST_DIR}/killed.c)
target_link_libraries(killed PRIVATE Threads::Threads)
add_test(NAME trace/killed COMMAND ${CMAKE_CURRENT_LIST_DIR}/killed.py
  $<TARGET_FILE:vmatrace_cli> $<TARGET_FILE:killed>)
set_tests_properties(trace/killed PROPERTIES LABELS trace TIMEOUT 300)

include(${CMAKE_CURRENT_LIST_DIR}/unwind.cmake OPTIONAL)

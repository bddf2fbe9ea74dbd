# check: each rule broken and kept by a small program; policies, baselines, formats from outside.
add_executable(deeds ${CMAKE_CURRENT_LIST_DIR}/deeds.c)
target_compile_options(deeds PRIVATE -O0 -g -fno-omit-frame-pointer)
foreach(RULE wx-mapping write-then-exec max-vmas max-mapped leaked-mapping leaked-shm shm-mode fixed-clobber
    forbidden-call failed-call churn unexplained new-call-site)
  add_test(NAME check/${RULE} COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/rules.py ${CMAKE_BINARY_DIR} ${RULE})
  set_tests_properties(check/${RULE} PROPERTIES LABELS check SKIP_RETURN_CODE 77 TIMEOUT 1800)
endforeach()

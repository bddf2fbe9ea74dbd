# programs: real programs, untraced and traced.
foreach(PROGRAM python3 git sort gcc bash names redis)
  add_test(NAME programs/${PROGRAM} COMMAND ${CMAKE_CURRENT_LIST_DIR}/programs.py
    ${CMAKE_BINARY_DIR} ${PROGRAM})
  set_tests_properties(programs/${PROGRAM} PROPERTIES LABELS programs SKIP_RETURN_CODE 77
    TIMEOUT 900)
endforeach()
add_test(NAME programs/install COMMAND ${CMAKE_CURRENT_LIST_DIR}/install.py ${CMAKE_BINARY_DIR})
set_tests_properties(programs/install PROPERTIES LABELS programs TIMEOUT 120)
foreach(WHO first second)
  add_library(reload_${WHO} MODULE tests/programs/reload_plugin.c)
  string(LENGTH ${WHO} LENGTH) # other frames at other offsets
  math(EXPR BYTES "${LENGTH} * 100")
  target_compile_definitions(reload_${WHO} PRIVATE WHO=${WHO}_maps FRAME_BYTES=${BYTES})
  target_compile_options(reload_${WHO} PRIVATE -O1 -g -fomit-frame-pointer)
endforeach()
add_executable(reload tests/programs/reload.c)
target_compile_options(reload PRIVATE -g -Wno-pedantic)
target_link_libraries(reload PRIVATE ${CMAKE_DL_LIBS})
add_test(NAME programs/reload COMMAND ${CMAKE_CURRENT_LIST_DIR}/reload.py ${CMAKE_BINARY_DIR})
set_tests_properties(programs/reload PROPERTIES LABELS programs TIMEOUT 120)

# The same and more, under strace at once: strace is the judge of what the trace holds.
foreach(PROGRAM python3 by_number namespace node java gcc git sort perl bash sqlite3 redis postgres nginx)
  add_test(NAME programs/judged-${PROGRAM} COMMAND ${CMAKE_CURRENT_LIST_DIR}/judged.py
    ${CMAKE_BINARY_DIR} ${PROGRAM})
  set_tests_properties(programs/judged-${PROGRAM} PROPERTIES LABELS programs SKIP_RETURN_CODE 77
    TIMEOUT 900)
endforeach()
add_test(NAME programs/judge COMMAND ${CMAKE_CURRENT_LIST_DIR}/judge_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(programs/judge PROPERTIES LABELS programs SKIP_RETURN_CODE 77 TIMEOUT 300)

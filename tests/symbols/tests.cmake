# symbols: names, lines and inlined calls, held against what binutils, elfutils and LLVM say of the same files.
foreach(name lookup damaged)
  add_executable(symbol_${name} ${CMAKE_CURRENT_LIST_DIR}/${name}.c)
  target_link_libraries(symbol_${name} PRIVATE vmatrace_edges)
endforeach()

# A program like those it reads: with inlined calls and a build-id, whatever the build type.
add_executable(symbol_subject ${CMAKE_CURRENT_LIST_DIR}/subject.c)
target_compile_options(symbol_subject PRIVATE -O2 -g)
target_link_options(symbol_subject PRIVATE -Wl,--build-id)

foreach(name judged packages sources cache commands)
  add_test(NAME symbols.${name}
    COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/${name}.py ${CMAKE_BINARY_DIR})
  set_tests_properties(symbols.${name} PROPERTIES LABELS symbols SKIP_RETURN_CODE 77 TIMEOUT 1200)
endforeach()

add_test(NAME symbols.damaged COMMAND symbol_damaged $<TARGET_FILE:symbol_subject> 300)
add_test(NAME symbols.damaged_full
  COMMAND symbol_damaged $<TARGET_FILE:symbol_subject> 20000 1000)
set_tests_properties(symbols.damaged PROPERTIES LABELS symbols TIMEOUT 600)
set_tests_properties(symbols.damaged_full PROPERTIES LABELS "symbols;full" TIMEOUT 3600)

if(CMOCKA_FOUND)
  foreach(UNIT demangle perf_map source_paths)
    add_executable(${UNIT}_test ${CMAKE_CURRENT_LIST_DIR}/${UNIT}_test.c)
    target_link_libraries(${UNIT}_test PRIVATE vmatrace_edges PkgConfig::CMOCKA)
    add_test(NAME symbols.${UNIT} COMMAND ${UNIT}_test)
    set_tests_properties(symbols.${UNIT} PROPERTIES LABELS symbols)
  endforeach()
endif()

add_executable(symbol_jit ${CMAKE_CURRENT_LIST_DIR}/jit.c)
target_compile_options(symbol_jit PRIVATE -O1 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls
  -fno-inline)
target_link_options(symbol_jit PRIVATE -Wl,--build-id)

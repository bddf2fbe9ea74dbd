# Any bytes as a trace, through every command. What fuzzing has found worth keeping is in corpus/; every build
# reads it once. Fuzzing itself is tests/fuzz/run's, which builds with clang and VMATRACE_FUZZ.
#
# The table of commands is main.c's, whose main() makes room for the fuzzer's.
add_library(vmatrace_table OBJECT EXCLUDE_FROM_ALL analyzer/main.c)
target_compile_definitions(vmatrace_table PRIVATE main=vmatrace_main)
target_compile_options(vmatrace_table PRIVATE -Wno-missing-prototypes)
target_link_libraries(vmatrace_table PRIVATE vmatrace_edges)
set(FUZZED tests/fuzz/reader_fuzz.c tests/fuzz/fuzz_seal.c $<TARGET_OBJECTS:vmatrace_table>)
add_executable(reader_replay ${FUZZED})
target_compile_definitions(reader_replay PRIVATE FUZZ_REPLAY)
target_link_libraries(reader_replay PRIVATE vmatrace_edges)
add_test(NAME fuzz.corpus
  COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/tests/fuzz/corpus.sh $<TARGET_FILE:reader_replay>)
set_tests_properties(fuzz.corpus PROPERTIES LABELS "cli;fuzz" TIMEOUT 600)

if(VMATRACE_FUZZ)
  add_executable(reader_fuzz ${FUZZED} tests/fuzz/fuzz_mutator.c)
  target_link_libraries(reader_fuzz PRIVATE vmatrace_edges)
  target_link_options(reader_fuzz PRIVATE -fsanitize=fuzzer)
endif()

add_executable(dense_trace tests/fuzz/dense_trace.c tests/fuzz/fuzz_seal.c)
add_executable(deep_trace tests/fuzz/deep_trace.c tests/fuzz/fuzz_seal.c)
add_executable(deep_subject tests/fuzz/deep_subject.c)
target_compile_options(deep_subject PRIVATE -O2 -g)
target_link_options(deep_subject PRIVATE -Wl,--build-id)
add_test(NAME fuzz.memory
  COMMAND python3 ${CMAKE_CURRENT_SOURCE_DIR}/tests/fuzz/memory.py
    $<TARGET_FILE:vmatrace_cli> $<TARGET_FILE:dense_trace>
    $<TARGET_FILE:deep_trace> $<TARGET_FILE:deep_subject>)
set_tests_properties(fuzz.memory PROPERTIES LABELS fuzz TIMEOUT 1800 RUN_SERIAL ON)

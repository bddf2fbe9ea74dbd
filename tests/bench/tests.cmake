# bench: programs for tests/bench/run, which measures ratios; nothing here is a test.
add_executable(bench_pairs ${CMAKE_CURRENT_LIST_DIR}/pairs.c ${CMAKE_CURRENT_LIST_DIR}/deep.c)
# The frames are what frame pointers can walk, so that all kinds of stack walk the same frames.
find_package(Threads REQUIRED)
target_link_libraries(bench_pairs PRIVATE Threads::Threads)
target_compile_options(bench_pairs PRIVATE -O2 -fno-omit-frame-pointer)

# Traces of as many events as one likes, for measuring the commands: recorded, and written.
add_executable(bench_many ${CMAKE_CURRENT_LIST_DIR}/many.c)
add_executable(bench_large ${CMAKE_CURRENT_LIST_DIR}/large.c analyzer/io/checksum.c)
target_compile_options(bench_large PRIVATE -iquote ${CMAKE_SOURCE_DIR}/analyzer)

if(VMATRACE_ARCH STREQUAL x86_64)
  add_executable(bench_walk ${CMAKE_CURRENT_LIST_DIR}/walk.c ${CMAKE_CURRENT_LIST_DIR}/deep.c
    preload/unwind.c preload/memo.c preload/recipes.c preload/cfi_table.c
    preload/arch/${VMATRACE_ARCH}/cfi.c preload/arch/${VMATRACE_ARCH}/call_on_stack.S)
  target_include_directories(bench_walk PRIVATE preload/arch/${VMATRACE_ARCH} ${LIBUNWIND_INCLUDE})
  target_compile_options(bench_walk PRIVATE -iquote ${CMAKE_SOURCE_DIR}/preload
    $<$<COMPILE_LANGUAGE:C>:-O2 -fno-omit-frame-pointer -fno-strict-aliasing>)
  target_link_libraries(bench_walk PRIVATE ${CMAKE_DL_LIBS})
endif()

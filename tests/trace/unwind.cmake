# unwind: the recorder's walk over stacks, linked into a program and judged by other unwinders.
if(NOT VMATRACE_ARCH STREQUAL x86_64)
  return()
endif()
foreach(SET unoptimized optimized size)
  add_library(unwind_shapes_${SET} OBJECT ${CMAKE_CURRENT_LIST_DIR}/unwind_shapes.c)
  target_compile_definitions(unwind_shapes_${SET} PRIVATE SHAPES=shapes_${SET})
endforeach()
target_compile_options(unwind_shapes_unoptimized PRIVATE -O0 -fno-omit-frame-pointer)
target_compile_options(unwind_shapes_optimized PRIVATE -O2 -fomit-frame-pointer)
target_compile_options(unwind_shapes_size PRIVATE -Os -fomit-frame-pointer)

add_library(unwind_plugin MODULE ${CMAKE_CURRENT_LIST_DIR}/unwind_plugin.c)
target_link_options(unwind_plugin PRIVATE -Wl,-z,lazy)

add_executable(unwind_test
  ${CMAKE_CURRENT_LIST_DIR}/unwind_test.c
  ${CMAKE_CURRENT_LIST_DIR}/unwind_judge.c
  ${CMAKE_CURRENT_LIST_DIR}/unwind_rules.c
  ${CMAKE_CURRENT_LIST_DIR}/memo_rules.c
  preload/unwind.c preload/memo.c preload/recipes.c preload/cfi_table.c
  preload/arch/${VMATRACE_ARCH}/cfi.c
  preload/arch/${VMATRACE_ARCH}/call_on_stack.S
  $<TARGET_OBJECTS:unwind_shapes_unoptimized>
  $<TARGET_OBJECTS:unwind_shapes_optimized>
  $<TARGET_OBJECTS:unwind_shapes_size>)
# Not a folder for <>: preload/unwind.h must not hide the compiler's <unwind.h>.
target_include_directories(unwind_test PRIVATE preload/arch/${VMATRACE_ARCH} ${LIBUNWIND_INCLUDE})
target_compile_options(unwind_test PRIVATE
  -iquote ${CMAKE_SOURCE_DIR}/preload $<$<COMPILE_LANGUAGE:C>:-fno-omit-frame-pointer
  -fno-stack-protector -fno-strict-aliasing -fno-builtin>)
set_target_properties(unwind_test PROPERTIES ENABLE_EXPORTS ON)
# With gaps between its segments: the loader then tells each of them alone.
target_link_options(unwind_test PRIVATE -Wl,-z,max-page-size=0x200000 -Wl,-z,separate-code)
target_link_libraries(unwind_test PRIVATE ${CMAKE_DL_LIBS} pthread)

add_test(NAME trace/unwind COMMAND unwind_test $<TARGET_FILE:unwind_plugin>)
set_tests_properties(trace/unwind PROPERTIES LABELS trace TIMEOUT 300)

# One program for each chapter of the guide, in <build>/samples. Unoptimised with frame pointers,
# so that the line and the depth a sample states of a call are those of its code.
set(VMATRACE_SAMPLES isolation vma_fields mm_fields proc_maps libraries heap_growth protect
  shared_memory ordering)
set(SAMPLES_DIR ${CMAKE_CURRENT_SOURCE_DIR}/samples)
find_package(Threads REQUIRED)

foreach(SAMPLE ${VMATRACE_SAMPLES})
  add_executable(sample_${SAMPLE} ${SAMPLES_DIR}/${SAMPLE}.c ${SAMPLES_DIR}/account.c
    ${SAMPLES_DIR}/own_maps.c)
  set_target_properties(sample_${SAMPLE} PROPERTIES OUTPUT_NAME ${SAMPLE}
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/samples
    # mark.h's weak reference is left to the loader only in a position-independent program.
    POSITION_INDEPENDENT_CODE ON)
  target_compile_options(sample_${SAMPLE} PRIVATE -O0 -g -fno-omit-frame-pointer)
  target_link_libraries(sample_${SAMPLE} PRIVATE ${CMAKE_DL_LIBS})
endforeach()
target_link_libraries(sample_ordering PRIVATE Threads::Threads)

# The two plugins that `libraries` loads: today's layout, and that of linkers before 2018.
foreach(PLUGIN sample_plugin sample_plugin_2mib)
  add_library(${PLUGIN} MODULE ${SAMPLES_DIR}/plugin.c)
  set_target_properties(${PLUGIN} PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/samples)
  target_compile_options(${PLUGIN} PRIVATE -O0 -g)
  add_dependencies(sample_libraries ${PLUGIN})
endforeach()
target_link_options(sample_plugin_2mib PRIVATE -Wl,-z,noseparate-code -Wl,-z,max-page-size=0x200000)

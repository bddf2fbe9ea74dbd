# sites: the layer below libc, from inside the program and beside other tools that look at it.
add_executable(last_maps ${CMAKE_CURRENT_LIST_DIR}/last_maps.c)
add_executable(site_acts ${CMAKE_CURRENT_LIST_DIR}/acts.c)
# Frame pointers: what perf -g goes by.
target_compile_options(site_acts PRIVATE -O1 -g -fno-omit-frame-pointer)
target_link_libraries(site_acts PRIVATE ${CMAKE_DL_LIBS} pthread)
foreach(PROGRAM ls bash python3 sort perl threads)
  add_test(NAME sites/layout_${PROGRAM}
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/layout.py ${CMAKE_BINARY_DIR} ${PROGRAM})
  set_tests_properties(sites/layout_${PROGRAM} PROPERTIES LABELS sites SKIP_RETURN_CODE 77
    TIMEOUT 120)
endforeach()

add_executable(site_churn ${CMAKE_CURRENT_LIST_DIR}/churn.c)
set_target_properties(site_churn PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_compile_options(site_churn PRIVATE -O1 -g -Wno-pedantic)
target_link_libraries(site_churn PRIVATE ${CMAKE_DL_LIBS} pthread)
add_library(site_plugin MODULE ${CMAKE_CURRENT_LIST_DIR}/plugin.c)
add_test(NAME sites/differential
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/differential.py ${CMAKE_BINARY_DIR})
set_tests_properties(sites/differential PROPERTIES LABELS sites TIMEOUT 600)
# 200 seeds, in parts that run beside each other.
foreach(FIRST 1 51 101 151)
  add_test(NAME sites/differential_${FIRST}
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/differential.py ${CMAKE_BINARY_DIR} ${FIRST} 50)
  set_tests_properties(sites/differential_${FIRST} PROPERTIES LABELS "sites;full" TIMEOUT 3000)
endforeach()

add_executable(site_namespace ${CMAKE_CURRENT_LIST_DIR}/namespace.c)
target_compile_options(site_namespace PRIVATE -O1 -g -Wno-pedantic)
target_link_libraries(site_namespace PRIVATE ${CMAKE_DL_LIBS} pthread)
add_library(site_namespace_plugin MODULE ${CMAKE_CURRENT_LIST_DIR}/namespace_plugin.c)
target_compile_options(site_namespace_plugin PRIVATE -O1 -g)

add_executable(site_kinds ${CMAKE_CURRENT_LIST_DIR}/kinds.c)
target_compile_options(site_kinds PRIVATE -O1 -g -Wno-pedantic)
target_link_libraries(site_kinds PRIVATE ${CMAKE_DL_LIBS} pthread)
add_library(site_kinds_plugin MODULE ${CMAKE_CURRENT_LIST_DIR}/kinds_plugin.c)

if(VMATRACE_ARCH STREQUAL x86_64)
  add_executable(site_implicit ${CMAKE_CURRENT_LIST_DIR}/implicit.c)
  target_compile_options(site_implicit PRIVATE -O1 -g)
  add_test(NAME sites/implicit COMMAND ${CMAKE_CURRENT_LIST_DIR}/implicit.py ${CMAKE_BINARY_DIR})
  set_tests_properties(sites/implicit PROPERTIES LABELS sites TIMEOUT 120)

  add_executable(site_decode_test ${CMAKE_CURRENT_LIST_DIR}/decode_test.c
    preload/arch/${VMATRACE_ARCH}/instruction.c)
  target_include_directories(site_decode_test PRIVATE preload/arch/${VMATRACE_ARCH})
  add_test(NAME sites/decode COMMAND site_decode_test /lib/x86_64-linux-gnu/libc.so.6
    /lib64/ld-linux-x86-64.so.2)
  set_tests_properties(sites/decode PROPERTIES LABELS sites SKIP_RETURN_CODE 77 TIMEOUT 300)
endif()

if(CMOCKA_FOUND AND VMATRACE_ARCH STREQUAL x86_64)
  add_executable(site_check_test ${CMAKE_CURRENT_LIST_DIR}/check_test.c
    preload/arch/${VMATRACE_ARCH}/site_check.c
    preload/arch/${VMATRACE_ARCH}/instruction.c
    preload/cfi_table.c)
  target_include_directories(site_check_test PRIVATE preload/arch/${VMATRACE_ARCH})
  target_compile_options(site_check_test PRIVATE -iquote ${CMAKE_SOURCE_DIR}/preload)
  target_link_libraries(site_check_test PRIVATE PkgConfig::CMOCKA ${CMAKE_DL_LIBS})
  add_test(NAME sites/check COMMAND site_check_test)
  set_tests_properties(sites/check PROPERTIES LABELS sites)
endif()

if(VMATRACE_ARCH STREQUAL x86_64)
  add_executable(site_registers ${CMAKE_CURRENT_LIST_DIR}/registers.c
    ${CMAKE_CURRENT_LIST_DIR}/registers.S)
  target_link_libraries(site_registers PRIVATE ${CMAKE_DL_LIBS})
endif()
add_executable(site_steps ${CMAKE_CURRENT_LIST_DIR}/steps.c)
target_compile_options(site_steps PRIVATE -O1)
add_executable(site_refuse ${CMAKE_CURRENT_LIST_DIR}/refuse.c)
function(sites_test SCRIPT)
  foreach(ACT ${ARGN})
    add_test(NAME sites/${ACT} COMMAND ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${SCRIPT} ${CMAKE_BINARY_DIR} ${ACT})
    set_tests_properties(sites/${ACT} PROPERTIES LABELS sites SKIP_RETURN_CODE 77 TIMEOUT 300)
  endforeach()
endfunction()
sites_test(sites.py registers throw cancel handler quiet flags gdb gdb_calls gdb_first strace perf calls valgrind rr text
           every_site refused other_libc)
sites_test(namespaces.py namespace namespace_left)
sites_test(kinds.py kinds kinds_stripped)

# The folder for all other processors; aarch64 under emulation is --full's.
foreach(ARCH generic aarch64)
  add_test(NAME sites/arch_${ARCH}
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/arch.py ${CMAKE_BINARY_DIR} ${ARCH})
  set_tests_properties(sites/arch_${ARCH} PROPERTIES LABELS sites SKIP_RETURN_CODE 77 TIMEOUT 600)
endforeach()
set_tests_properties(sites/arch_aarch64 PROPERTIES LABELS "sites;full")

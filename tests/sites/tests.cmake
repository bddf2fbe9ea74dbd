# sites: the layer below libc, from inside the program and beside other tools that look at it.
add_executable(last_maps ${CMAKE_CURRENT_LIST_DIR}/last_maps.c)
add_executable(site_acts ${CMAKE_CURRENT_LIST_DIR}/acts.c)
target_compile_options(site_acts PRIVATE -O1 -g)
target_link_libraries(site_acts PRIVATE ${CMAKE_DL_LIBS} pthread)
foreach(PROGRAM ls bash python3 sort perl threads)
  add_test(NAME sites/layout_${PROGRAM}
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/layout.py ${CMAKE_BINARY_DIR} ${PROGRAM})
  set_tests_properties(sites/layout_${PROGRAM} PROPERTIES LABELS sites SKIP_RETURN_CODE 77
    TIMEOUT 120)
endforeach()

add_executable(site_churn ${CMAKE_CURRENT_LIST_DIR}/churn.c)
set_target_properties(site_churn PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_compile_options(site_churn PRIVATE -O1 -g)
target_link_libraries(site_churn PRIVATE ${CMAKE_DL_LIBS} pthread)
add_library(site_plugin MODULE ${CMAKE_CURRENT_LIST_DIR}/plugin.c)
add_test(NAME sites/differential
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/differential.py ${CMAKE_BINARY_DIR})
set_tests_properties(sites/differential PROPERTIES LABELS sites TIMEOUT 3000)

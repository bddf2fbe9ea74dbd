# stacks: the frames of a trace held against gdb's, and what a walk over stacks must not do.
find_package(Threads REQUIRED)

function(stacks_test NAME)
  add_test(NAME stacks/${NAME} COMMAND ${ARGN})
  set_tests_properties(stacks/${NAME} PROPERTIES LABELS stacks SKIP_RETURN_CODE 77 TIMEOUT 300)
endfunction()

# --- the same frames as gdb ---------------------------------------------------------------------------------
add_library(stacks_library SHARED ${CMAKE_CURRENT_LIST_DIR}/library.c)
target_link_options(stacks_library PRIVATE -Wl,-z,lazy)
add_executable(stacks_calls ${CMAKE_CURRENT_LIST_DIR}/calls.c
  $<TARGET_OBJECTS:unwind_shapes_unoptimized>
  $<TARGET_OBJECTS:unwind_shapes_optimized>
  $<TARGET_OBJECTS:unwind_shapes_size>)
target_compile_options(stacks_calls PRIVATE -O2)
target_link_options(stacks_calls PRIVATE -Wl,-z,lazy)
target_link_libraries(stacks_calls PRIVATE stacks_library Threads::Threads)

# Other languages' programs, where there is a compiler.
find_program(STACKS_CXX NAMES g++ clang++)
find_program(STACKS_RUSTC NAMES rustc)
if(STACKS_CXX)
  add_custom_command(OUTPUT stacks_throws DEPENDS ${CMAKE_CURRENT_LIST_DIR}/throws.cc
    COMMAND ${STACKS_CXX} -O2 -o stacks_throws ${CMAKE_CURRENT_LIST_DIR}/throws.cc)
  add_custom_target(stacks_cxx ALL DEPENDS stacks_throws)
endif()
if(STACKS_CXX)
  add_custom_command(OUTPUT stacks_plugin.so DEPENDS ${CMAKE_CURRENT_LIST_DIR}/plugin.cc
    COMMAND ${STACKS_CXX} -O2 -fPIC -shared -o stacks_plugin.so ${CMAKE_CURRENT_LIST_DIR}/plugin.cc)
  add_custom_target(stacks_guest ALL DEPENDS stacks_plugin.so)
endif()
if(STACKS_RUSTC)
  add_custom_command(OUTPUT stacks_closures DEPENDS ${CMAKE_CURRENT_LIST_DIR}/closures.rs
    COMMAND ${STACKS_RUSTC} -O -o stacks_closures ${CMAKE_CURRENT_LIST_DIR}/closures.rs)
  add_custom_target(stacks_rust ALL DEPENDS stacks_closures)
endif()

set(GDB_JUDGE ${CMAKE_CURRENT_LIST_DIR}/gdb_judge.py ${CMAKE_BINARY_DIR})
stacks_test(c ${GDB_JUDGE} 250 -- $<TARGET_FILE:stacks_calls> 120)
stacks_test(cxx ${GDB_JUDGE} 100 -- ${CMAKE_BINARY_DIR}/stacks_throws 6)
stacks_test(rust ${GDB_JUDGE} 50 -- ${CMAKE_BINARY_DIR}/stacks_closures)
stacks_test(python3 ${GDB_JUDGE} 100 -- python3 ${CMAKE_CURRENT_LIST_DIR}/maps.py)
stacks_test(redis ${GDB_JUDGE} 20 --client "${CMAKE_CURRENT_LIST_DIR}/redis_client.sh @/redis.sock"
  -- redis-server --port 0 --unixsocket @/redis.sock --dir @ --save 3600 1000000 --enable-debug-command yes)

# --- small stacks -------------------------------------------------------------------------------------------
add_executable(stacks_small ${CMAKE_CURRENT_LIST_DIR}/small.c)
target_compile_options(stacks_small PRIVATE -O2)
target_link_libraries(stacks_small PRIVATE Threads::Threads)
foreach(ACT alternate context thread unmapped measure)
  stacks_test(small_${ACT} ${CMAKE_CURRENT_LIST_DIR}/small.py ${CMAKE_BINARY_DIR} ${ACT} 5000)
  stacks_test(small_${ACT}_full ${CMAKE_CURRENT_LIST_DIR}/small.py ${CMAKE_BINARY_DIR} ${ACT} 100000)
  set_tests_properties(stacks/small_${ACT}_full PROPERTIES LABELS "stacks;full" TIMEOUT 1200)
endforeach()

# --- code without CFI, settings, what a guest leaves alone ---------------------------------------------------
foreach(NAME recursion confined host descriptors)
  add_executable(stacks_${NAME} ${CMAKE_CURRENT_LIST_DIR}/${NAME}.c)
  target_link_libraries(stacks_${NAME} PRIVATE ${CMAKE_DL_LIBS})
endforeach()
target_compile_options(stacks_confined PRIVATE -O2)
if(VMATRACE_ARCH STREQUAL x86_64)
  add_executable(stacks_undescribed ${CMAKE_CURRENT_LIST_DIR}/undescribed.c
    ${CMAKE_CURRENT_LIST_DIR}/undescribed.S)
  target_compile_options(stacks_undescribed PRIVATE -O2 -fno-optimize-sibling-calls)
  stacks_test(undescribed ${CMAKE_CURRENT_LIST_DIR}/undescribed.py ${CMAKE_BINARY_DIR})
endif()
# Real runtimes: V8, HotSpot, LuaJIT.
foreach(RUNTIME node java luajit)
  stacks_test(runtime_${RUNTIME} ${CMAKE_CURRENT_LIST_DIR}/runtimes.py ${CMAKE_BINARY_DIR} ${RUNTIME})
  set_tests_properties(stacks/runtime_${RUNTIME} PROPERTIES LABELS "stacks;full" TIMEOUT 1200)
endforeach()
foreach(ACT steady bindings descriptors)
  stacks_test(${ACT} ${CMAKE_CURRENT_LIST_DIR}/guest.py ${CMAKE_BINARY_DIR} ${ACT})
endforeach()

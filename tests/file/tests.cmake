# file: the trace itself: it wraps, its process dies, the limits are reached, others are after it.
find_package(Threads REQUIRED)
add_executable(file_churn ${CMAKE_CURRENT_LIST_DIR}/churn.c)
set_target_properties(file_churn PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_compile_options(file_churn PRIVATE -O1 -g)
target_link_options(file_churn PRIVATE -pie)
target_link_libraries(file_churn PRIVATE Threads::Threads)

# file_test(SCRIPT ACT...): each act is a test.
function(file_test SCRIPT)
  foreach(ACT ${ARGN})
    add_test(NAME file/${ACT} COMMAND ${CMAKE_SOURCE_DIR}/tests/file/${SCRIPT} ${CMAKE_BINARY_DIR} ${ACT})
    set_tests_properties(file/${ACT} PROPERTIES LABELS file SKIP_RETURN_CODE 77 TIMEOUT 1800)
  endforeach()
endfunction()
file_test(wrap.py tiny_ring hundred_laps stacks_turn_over long_lists list_beside_calls modules stop)
file_test(deaths.py kills ways exec_in_flight blocked failed_exec)
# A thousand kills, with VMATRACE_FULL=1 and many others at work, take their time.
set_tests_properties(file/kills PROPERTIES TIMEOUT 7200)
file_test(disks.py disk_full disk_filled quota devices)
file_test(limits.py file_size address_space descriptors locked cgroup map_count folders)
file_test(damaged.py cut flipped parts)
file_test(owner.py modes links shared_folder secure truncated)

add_executable(file_blocked ${CMAKE_CURRENT_LIST_DIR}/blocked.c)
target_compile_options(file_blocked PRIVATE -O1 -g)
target_link_libraries(file_blocked PRIVATE Threads::Threads)
add_executable(file_limits ${CMAKE_CURRENT_LIST_DIR}/limits.c)
add_executable(file_lists ${CMAKE_CURRENT_LIST_DIR}/lists.c)
target_link_libraries(file_lists PRIVATE Threads::Threads)
add_executable(file_plugins ${CMAKE_CURRENT_LIST_DIR}/plugins.c)
target_link_libraries(file_plugins PRIVATE ${CMAKE_DL_LIBS})
add_library(file_plugin MODULE ${CMAKE_CURRENT_LIST_DIR}/plugin.c)

add_executable(file_trim_race ${CMAKE_CURRENT_LIST_DIR}/trim_race.c preload/ring.c preload/trace_file.c
  preload/folders.c preload/place.c preload/steady.c)
target_include_directories(file_trim_race PRIVATE preload preload/arch/${VMATRACE_ARCH})
target_compile_options(file_trim_race PRIVATE -fno-strict-aliasing)
target_link_libraries(file_trim_race PRIVATE Threads::Threads)
add_test(NAME file/trim_race COMMAND file_trim_race ${CMAKE_BINARY_DIR})
set_tests_properties(file/trim_race PROPERTIES LABELS file SKIP_RETURN_CODE 77 TIMEOUT 60)

# The ring with threads that lap each other, under ThreadSanitizer, which knows no fences: all it would say of
# them it says of the stores they order. setarch: its address space is not every kernel's random one.
include(CheckCSourceCompiles)
set(CMAKE_REQUIRED_FLAGS -fsanitize=thread)
check_c_source_compiles("int main(void) { return 0; }" HAS_THREAD_SANITIZER)
unset(CMAKE_REQUIRED_FLAGS)
if(HAS_THREAD_SANITIZER)
  add_executable(file_ring_race ${CMAKE_CURRENT_LIST_DIR}/ring_race.c preload/ring.c preload/arena.c
    preload/depot.c)
  target_include_directories(file_ring_race PRIVATE preload preload/arch/${VMATRACE_ARCH})
  target_compile_options(file_ring_race PRIVATE -fsanitize=thread -g -O1 -fno-strict-aliasing
    $<$<C_COMPILER_ID:GNU>:-Wno-tsan>
    $<$<C_COMPILER_ID:GNU>:-include${CMAKE_CURRENT_LIST_DIR}/plain_copies.h>)
  target_link_options(file_ring_race PRIVATE -fsanitize=thread)
  target_link_libraries(file_ring_race PRIVATE Threads::Threads)
  add_test(NAME file/ring_race COMMAND setarch ${CMAKE_SYSTEM_PROCESSOR} -R
    $<TARGET_FILE:file_ring_race>)
  set_tests_properties(file/ring_race PROPERTIES LABELS file TIMEOUT 600)
endif()

# answers: small programs that each do one thing wrong; the commands must name the function and the line.
find_package(Threads REQUIRED)
file(GLOB ANSWERS_PROGRAMS CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
foreach(source ${ANSWERS_PROGRAMS})
  get_filename_component(name ${source} NAME_WE)
  add_executable(answers_${name} ${source})
  # Lines are what the tests ask for, whatever the build type.
  target_compile_options(answers_${name} PRIVATE -O0 -g)
  target_link_libraries(answers_${name} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
endforeach()

# Refuses every thread that the analyzer asks for.
add_library(no_thread MODULE ${CMAKE_CURRENT_LIST_DIR}/no_thread/no_thread.c)

# The same program after an edit: other lines, other code in front, the same name.
file(READ ${CMAKE_CURRENT_LIST_DIR}/leak_loop.c text)
file(WRITE ${CMAKE_BINARY_DIR}/moved/leak_loop.c
  "int added(int n);\n\nint added(int n)\n{\n\treturn n < 2 ? n : added(n - 1) + added(n - 2);\n}\n${text}")
add_executable(answers_moved ${CMAKE_BINARY_DIR}/moved/leak_loop.c)
target_compile_options(answers_moved PRIVATE -O0 -g)
target_include_directories(answers_moved PRIVATE ${CMAKE_CURRENT_LIST_DIR})
set_target_properties(answers_moved PROPERTIES OUTPUT_NAME answers_leak_loop
  RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/moved)

# Two libraries, of which one comes to lie in the other's place.
foreach(library small:16:16 large:64:16)
  string(REPLACE ":" ";" library ${library})
  list(GET library 0 name)
  list(GET library 1 data)
  list(GET library 2 bss)
  add_library(answers_${name} MODULE ${CMAKE_CURRENT_LIST_DIR}/in_its_place/plugin.c)
  target_compile_definitions(answers_${name} PRIVATE DATA_PAGES=${data} BSS_PAGES=${bss})
endforeach()

# And one that is loaded and has nothing that could be run.
add_library(answers_constants MODULE ${CMAKE_CURRENT_LIST_DIR}/constants/constants.c)
target_link_options(answers_constants PRIVATE -nostdlib -Wl,-z,noseparate-code)

foreach(name kinds parts peak timeline threads mm sites leaks history diff budget shared protections no_thread short_memory lost_symbols)
  add_test(NAME answers.${name} COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/${name}.py ${CMAKE_BINARY_DIR})
  set_tests_properties(answers.${name} PROPERTIES LABELS answers SKIP_RETURN_CODE 77 TIMEOUT 300)
endforeach()

# Asks a program that none of us wrote what its memory is for, from within.
add_library(answers_inside MODULE ${CMAKE_CURRENT_LIST_DIR}/inside/inside.c)
target_link_libraries(answers_inside PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
add_test(NAME answers.kinds_programs COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/kinds_programs.py ${CMAKE_BINARY_DIR})
set_tests_properties(answers.kinds_programs PROPERTIES LABELS answers SKIP_RETURN_CODE 77 TIMEOUT 600)

# machine: tests under another kernel, in a virtual machine. Skipped where tests/setup.sh fetched none.
# VMATRACE_KERNEL=FOLDER is another one, unpacked: `dpkg -x linux-image-*.deb FOLDER`.

# machine_test(NAME LABELS COMMAND...)
function(machine_test NAME LABELS)
  add_test(NAME machine/${NAME} COMMAND ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/boot.py
    ${CMAKE_SOURCE_DIR}/tests/machine/kernel ${ARGN})
  set_tests_properties(machine/${NAME} PROPERTIES LABELS "${LABELS}" SKIP_RETURN_CODE 77 TIMEOUT 3600)
endfunction()
foreach(ACT quota_spent quota_met quota_lowered)
  machine_test(${ACT} "file;full" ${CMAKE_SOURCE_DIR}/tests/file/quota.py ${CMAKE_BINARY_DIR} ${ACT})
endforeach()

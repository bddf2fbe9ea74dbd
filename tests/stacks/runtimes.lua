-- Compiled and interpreted code of LuaJIT between an mmap and main(): runtimes.py.
local ffi = require "ffi"
ffi.cdef "void *mmap(void *, size_t, int, int, int, long); int munmap(void *, size_t);"

local function innermost(bytes)
  ffi.C.munmap(ffi.C.mmap(nil, bytes, 1, 0x22, -1, 0), bytes)
end

for turn = 1, 3000 do innermost(4096 * (1 + turn % 5)) end

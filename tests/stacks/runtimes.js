// Interpreted, compiled and built-in code of V8 between a buffer that is mapped and main(): runtimes.py.
'use strict';

function innermost() {
  return new ArrayBuffer(48 << 20); // more than malloc ever keeps: each is an mmap
}

function middle() {
  return innermost().byteLength;
}

function outer(turns) {
  let sum = 0;
  for (let i = 0; i < turns; i++) sum += middle();
  return sum;
}

const all = [innermost, middle, outer];
outer(200);
for (const f of all) %PrepareFunctionForOptimization(f);
outer(2);
for (const f of all) %OptimizeFunctionOnNextCall(f);
outer(400);
// Reachable to the end: what V8 has freed by then, the perf map calls by the name of whatever came after it.
process.once('exit', () => outer(1));

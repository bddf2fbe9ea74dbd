// closures: calls from inlined iterators, trait objects, a panic that unwinds, a thread.
use std::panic;

extern "C" {
    fn mmap(at: *mut u8, length: usize, prot: i32, flags: i32, fd: i32, offset: i64) -> *mut u8;
    fn munmap(at: *mut u8, length: usize) -> i32;
}

fn call() {
    unsafe {
        let page = mmap(std::ptr::null_mut(), 8192, 1, 0x22, -1, 0);
        munmap(page, 8192);
    }
}

struct Caller;

impl Drop for Caller {
    fn drop(&mut self) {
        call();
    }
}

fn descend(depth: u32, end: &dyn Fn()) {
    let _at_the_end = Caller;
    if depth == 0 {
        end()
    } else {
        descend(depth - 1, end)
    }
}

fn main() {
    panic::set_hook(Box::new(|_| {}));
    for i in 0..5 {
        (0..3).map(|n| n * i).filter(|n| n % 2 == 0).for_each(|_| call());
        descend(i, &call);
        let _ = panic::catch_unwind(|| descend(i, &|| panic!("on purpose")));
        std::thread::spawn(move || descend(i, &call)).join().unwrap();
    }
}

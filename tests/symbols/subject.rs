// subject.rs: something to look up: generics, closures, trait objects, constants in types.
use std::collections::{BTreeMap, HashMap};

trait Shape {
    fn area(&self) -> f64;
    fn name(&self) -> String {
        "shape".into()
    }
}

struct Square<const N: usize>(f64);

impl<const N: usize> Shape for Square<N> {
    fn area(&self) -> f64 {
        self.0 * self.0 * (N as f64)
    }
}

fn apply<F: Fn(i32) -> i32, const B: bool, const C: char>(f: F, n: i32) -> i32 {
    if B { f(n) } else { f(n + C as i32) }
}

fn joined<T: std::fmt::Debug>(items: &[T]) -> String {
    items.iter().map(|x| format!("{:?}", x)).collect::<Vec<_>>().join(",")
}

fn by_object(f: &dyn Fn(&dyn Shape) -> f64, shape: &dyn Shape) -> f64 {
    f(shape)
}

fn main() {
    let mut lists: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    let mut shapes: HashMap<i32, Box<dyn Shape>> = HashMap::new();
    for i in 0..100 {
        lists.entry(i.to_string()).or_default().push(i);
        shapes.insert(i, Box::new(Square::<3>(i as f64)));
    }
    let sum: i32 = lists.values().flat_map(|v| v.iter().map(|x| x * 2)).filter(|x| x % 3 == 0).sum();
    println!("{} {}", apply::<_, true, 'x'>(|x| x + sum, 3), apply::<_, false, 'y'>(|x| x - sum, 3));
    println!("{} {}", joined(&[1, 2]), joined(&["a"]));
    println!("{}", shapes.values().map(|s| by_object(&|x| x.area(), s.as_ref())).sum::<f64>());
    println!("{} {}", shapes[&1].name(), std::thread::spawn(move || sum + 1).join().unwrap());
}

//! Runs the same work on every item of a list, on several threads. The results are in the order of the
//! list, whichever thread ends first.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The results of `work` for `0..count`, in this order, from at most `jobs` threads.
pub fn map<T: Send>(count: usize, jobs: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    map_with(count, jobs, || (), |(), i| work(i))
}

/// As [`map`], but each thread also has its own value, such as a buffer.
pub fn map_with<S, T: Send>(
    count: usize,
    jobs: usize,
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> T + Sync,
) -> Vec<T> {
    let threads = jobs.min(count);
    if threads < 2 {
        let mut own = start();
        return (0..count).map(|i| work(&mut own, i)).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(count));
    let run = || {
        let mut own = start();
        let mut mine = Vec::with_capacity(count / threads + 1);
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                break;
            }
            mine.push((i, work(&mut own, i)));
        }
        // Only a panic in another thread poisons the lock, and that panic ends the run.
        if let Ok(mut done) = done.lock() {
            done.append(&mut mine);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(run);
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_unstable_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_from_any_number_of_threads() {
        for jobs in [1, 2, 7] {
            for count in [0, 1, 5, 1_000] {
                let squares = map(count, jobs, |i| i * i);
                assert_eq!(squares, (0..count).map(|i| i * i).collect::<Vec<_>>());
            }
        }
    }
}

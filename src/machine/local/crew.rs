//! Tasks side by side, a thread each.

use std::{
    sync::mpsc::{self, Sender},
    thread,
};

use crate::machine::Task;

/// See [`crate::machine::Machine::crew`]. A task that panics counts as ended, and the panic goes on once all have.
pub(super) fn run<'t>(next: &mut dyn FnMut(Option<usize>) -> Vec<(usize, Task<'t>)>) {
    thread::scope(|scope| {
        let (send, ended) = mpsc::channel();
        let mut running = 0_usize;
        let mut start = next(None);
        loop {
            for (number, task) in start {
                let end = End { number, send: send.clone() };
                scope.spawn(move || {
                    let _end = end;
                    task();
                });
                running += 1;
            }
            if running == 0 {
                return;
            }
            let Ok(number) = ended.recv() else { return };
            running -= 1;
            start = next(Some(number));
        }
    });
}

/// Tells of the end of a task when dropped, also by a panic.
struct End {
    number: usize,
    send: Sender<usize>,
}

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.send.send(self.number);
    }
}

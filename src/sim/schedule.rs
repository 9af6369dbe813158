use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
};

use jiff::Timestamp;

use crate::machine::Task;

/// Lets the tasks of a crew run one at a time, always the one whose virtual clock is earliest. Each has a thread
/// of its own, which sleeps while it is not its turn.
#[derive(Default)]
pub(super) struct Schedule {
    board: Mutex<Board>,
    turn: Condvar,
}

/// Whose turn it is. Tasks and crews are told apart by a number that is never used twice.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Turn {
    /// That of whoever is in no crew.
    #[default]
    Free,
    /// A task's.
    Task(u64),
    /// A crew's own: one of its tasks has ended, or it begins.
    Crew(u64),
}

#[derive(Default)]
struct Board {
    turn: Turn,
    last: u64,
    /// The task of a thread.
    threads: HashMap<ThreadId, Seat>,
    /// Who waits for a turn, and whether the wait ends when the person asks to stop.
    waiting: BTreeMap<Place, bool>,
    /// The clock of a task whose turn it is.
    clocks: HashMap<u64, Timestamp>,
    /// What became of the task whose crew's turn it is.
    ended: Option<(usize, Option<Panic>)>,
    /// A crew came down in a panic of its own: nobody waits any more.
    broken: bool,
}

/// Where a task stands in the queue: by its clock, then by the number that its crew gave it.
type Place = (Timestamp, usize, u64);

#[derive(Clone, Copy)]
struct Seat {
    number: usize,
    task: u64,
}

type Panic = Box<dyn Any + Send>;

impl Schedule {
    /// Waits until the task of this thread, whose clock would show `until`, is the earliest, and answers with what its clock
    /// shows then: less when the wait `polls` and was interrupted. Outside a crew there is nobody to wait for.
    pub(super) fn hand_over(&self, until: Timestamp, polls: bool) -> Timestamp {
        let mut board = self.board();
        let Some(&Seat { number, task }) = board.threads.get(&thread::current().id()) else { return until };
        board.waiting.insert((until, number, task), polls);
        self.choose(&mut board);
        drop(board);
        self.wait_for(task).unwrap_or(until)
    }

    /// Ends all waits that poll.
    pub(super) fn interrupt(&self, now: Timestamp) {
        let mut board = self.board();
        let late = board.waiting.iter().filter(|(place, polls)| **polls && place.0 > now);
        let late: Vec<Place> = late.map(|(place, _)| *place).collect();
        for place in late {
            board.waiting.remove(&place);
            board.waiting.insert((now, place.1, place.2), true);
        }
    }

    /// Whether a crew came down in a panic of its own.
    pub(super) fn is_broken(&self) -> bool {
        self.board().broken
    }

    /// Runs a crew, as [`crate::machine::Machine::crew`] says. `now` tells the clock, `begin` is told of the clock of each task
    /// that begins. A panic of a task goes on in the caller once all tasks have ended.
    pub(super) fn crew<'t>(
        &self,
        next: &mut dyn FnMut(Option<usize>) -> Vec<(usize, Task<'t>)>,
        now: &(dyn Fn() -> Timestamp + Sync),
        begin: &(dyn Fn(Timestamp) + Sync),
    ) {
        let (crew, before) = {
            let mut board = self.board();
            let crew = board.new_number();
            (crew, std::mem::replace(&mut board.turn, Turn::Crew(crew)))
        };
        let mut panic = None;
        thread::scope(|scope| {
            let coming_down = ComingDown(self);
            let (mut open, mut ended) = (0_usize, None);
            loop {
                for (number, task) in next(ended) {
                    open += 1;
                    let place = self.enter(number, now());
                    scope.spawn(move || self.work(crew, place, task, begin));
                }
                if open == 0 {
                    break;
                }
                let (number, fault) = self.until_one_ends(crew);
                open -= 1;
                ended = Some(number);
                panic = panic.take().or(fault);
            }
            std::mem::forget(coming_down);
        });
        self.board().turn = before;
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Queues a new task.
    fn enter(&self, number: usize, now: Timestamp) -> Seat {
        let mut board = self.board();
        let task = board.new_number();
        board.waiting.insert((now, number, task), false);
        Seat { number, task }
    }

    /// The life of a task's thread.
    fn work(&self, crew: u64, seat: Seat, task: Task<'_>, begin: &(dyn Fn(Timestamp) + Sync)) {
        self.board().threads.insert(thread::current().id(), seat);
        if let Some(clock) = self.wait_for(seat.task) {
            begin(clock);
        }
        let panic = catch_unwind(AssertUnwindSafe(task)).err();
        let mut board = self.board();
        board.threads.remove(&thread::current().id());
        board.clocks.remove(&seat.task);
        board.ended = Some((seat.number, panic));
        board.turn = Turn::Crew(crew);
        self.turn.notify_all();
    }

    /// Lets the earliest task go on, until one of this crew has ended.
    fn until_one_ends(&self, crew: u64) -> (usize, Option<Panic>) {
        let mut board = self.board();
        self.choose(&mut board);
        loop {
            if board.turn == Turn::Crew(crew)
                && let Some(ended) = board.ended.take()
            {
                return ended;
            }
            board = self.sleep(board);
        }
    }

    /// Gives the turn to the earliest.
    fn choose(&self, board: &mut Board) {
        if let Some(((clock, _, task), _)) = board.waiting.pop_first() {
            board.clocks.insert(task, clock);
            board.turn = Turn::Task(task);
            self.turn.notify_all();
        }
    }

    /// Sleeps until it is the turn of `task`; answers with its clock.
    fn wait_for(&self, task: u64) -> Option<Timestamp> {
        let mut board = self.board();
        while board.turn != Turn::Task(task) && !board.broken {
            board = self.sleep(board);
        }
        board.clocks.get(&task).copied()
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep<'b>(&self, board: MutexGuard<'b, Board>) -> MutexGuard<'b, Board> {
        self.turn.wait(board).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    fn new_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

/// Wakes all sleepers when a crew comes down in a panic of its own, since no turn would ever come to them.
struct ComingDown<'s>(&'s Schedule);

impl Drop for ComingDown<'_> {
    fn drop(&mut self) {
        self.0.board().broken = true;
        self.0.turn.notify_all();
    }
}

#[cfg(test)]
mod tests;

//! Tasks on one thread and a clock that jumps to the next timer: time passes only here.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::random::Random;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Polls without time passing after which a world is stuck.
const POLLS_AT_ONE_MOMENT_MAX: u32 = 2_000_000;

/// Runs the tasks of a world.
pub(crate) struct Executor {
    clock: Clock,
    tasks: Vec<Option<Task>>,
    wakers: Vec<Waker>,
    random: Random,
}

/// The time of a world; also starts tasks.
#[derive(Debug, Clone)]
pub(crate) struct Clock(Arc<Shared>);

#[derive(Default)]
struct Shared {
    now_us: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    timers: BinaryHeap<Reverse<Timer>>,
    sequence: u64,
    ready: Vec<usize>,
    started: Vec<Task>,
}

/// When somebody wants to be woken; nobody any more where the cell is empty.
struct Timer {
    at_us: u64,
    sequence: u64,
    cell: Arc<Mutex<Option<Waker>>>,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        (self.at_us, self.sequence) == (other.at_us, other.sequence)
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at_us, self.sequence).cmp(&(other.at_us, other.sequence))
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shared({} us)", self.now_us.load(Relaxed))
    }
}

pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Wakes {
    task: usize,
    shared: Arc<Shared>,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        let mut state = lock(&self.shared.state);
        if !state.ready.contains(&self.task) {
            state.ready.push(self.task);
        }
    }
}

impl Executor {
    pub(crate) fn new(random: Random) -> Self {
        Self { clock: Clock(Arc::default()), tasks: Vec::new(), wakers: Vec::new(), random }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Runs until nothing is left that could happen; `false` if the world turns without time passing.
    pub(crate) fn run(&mut self) -> bool {
        let mut polls = 0;
        loop {
            self.take_started();
            let ready = {
                let mut state = lock(&self.clock.0.state);
                let count = state.ready.len();
                (count > 0).then(|| self.random.below(count)).map(|place| state.ready.swap_remove(place))
            };
            match ready {
                Some(task) => {
                    polls += 1;
                    self.poll(task);
                }
                None if self.jump() => polls = 0,
                None => return true,
            }
            if polls > POLLS_AT_ONE_MOMENT_MAX {
                return false;
            }
        }
    }

    fn take_started(&mut self) {
        let mut state = lock(&self.clock.0.state);
        let started = std::mem::take(&mut state.started);
        for task in started {
            let number = self.tasks.len();
            self.tasks.push(Some(task));
            self.wakers.push(Waker::from(Arc::new(Wakes { task: number, shared: Arc::clone(&self.clock.0) })));
            state.ready.push(number);
        }
    }

    fn poll(&mut self, number: usize) {
        let Some(mut task) = self.tasks[number].take() else { return };
        let mut context = Context::from_waker(&self.wakers[number]);
        if task.as_mut().poll(&mut context).is_pending() {
            self.tasks[number] = Some(task);
        }
    }

    /// Moves the time on to the next timer that somebody waits for.
    fn jump(&mut self) -> bool {
        loop {
            let Some(Reverse(timer)) = lock(&self.clock.0.state).timers.pop() else { return false };
            let Some(waker) = lock(&timer.cell).take() else { continue };
            self.clock.0.now_us.store(timer.at_us, Relaxed);
            waker.wake();
            return true;
        }
    }
}

impl Clock {
    pub(crate) fn now_us(&self) -> u64 {
        self.0.now_us.load(Relaxed)
    }

    pub(crate) fn sleep(&self, time: Duration) -> Sleep {
        let at_us = self.now_us() + u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 4);
        Sleep { shared: Arc::clone(&self.0), at_us, cell: None }
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        lock(&self.0.state).started.push(Box::pin(task));
    }
}

/// A time that passes; dropped, it wakes nobody.
pub(crate) struct Sleep {
    shared: Arc<Shared>,
    at_us: u64,
    cell: Option<Arc<Mutex<Option<Waker>>>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.shared.now_us.load(Relaxed) >= self.at_us {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        if let Some(cell) = &self.cell {
            *lock(cell) = Some(waker);
            return Poll::Pending;
        }
        let cell = Arc::new(Mutex::new(Some(waker)));
        let mut state = lock(&self.shared.state);
        state.sequence += 1;
        let timer = Timer { at_us: self.at_us, sequence: state.sequence, cell: Arc::clone(&cell) };
        state.timers.push(Reverse(timer));
        drop(state);
        self.cell = Some(cell);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(cell) = &self.cell {
            lock(cell).take();
        }
    }
}

/// What became of work that may be cut off.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending<T> {
    /// It ended by itself.
    Done(T),
    /// The process died at one of its awaits.
    Crashed,
}

/// Drops the work at its n-th poll, as a process dies.
pub(crate) async fn until_poll<T>(work: impl Future<Output = T>, crash_at: Option<usize>) -> Ending<T> {
    let mut work = Some(Box::pin(work));
    let mut polls = 0;
    std::future::poll_fn(move |context| {
        let Some(running) = work.as_mut() else { return Poll::Ready(Ending::Crashed) };
        polls += 1;
        if crash_at.is_some_and(|at| polls >= at) {
            work = None;
            return Poll::Ready(Ending::Crashed);
        }
        running.as_mut().poll(context).map(Ending::Done)
    })
    .await
}

//! The threads that run the handler.

use crate::connection::Requester;
use crate::handler::{self, Failure};
use crate::state::{Job, Shared, State, cost};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a handler thread without work stays.
const IDLE: Duration = Duration::from_secs(1);

/// Makes sure that a thread runs the job that was queued last, or will run it when it is free.
pub(crate) fn start(shared: &Arc<Shared>, mut state: MutexGuard<'_, State>) {
    let limit = shared.options.max_handlers;
    if state.queue.len() <= state.idle_threads || state.handler_threads >= limit {
        drop(state);
        shared.to_handle.notify_one();
        return;
    }
    state.handler_threads += 1;
    drop(state);
    let for_thread = Arc::clone(shared);
    if let Err(error) = shared.options.spawn("handler", move || run(&for_thread)) {
        let mut state = shared.lock();
        state.handler_threads -= 1;
        if state.handler_threads == 0 {
            // No thread would ever run what is queued.
            for job in std::mem::take(&mut state.queue) {
                finish(&mut state, job.tag, cost(&job.incoming.payload), {
                    Err(Failure::new(format!("no thread for a handler: {error}")))
                });
            }
            drop(state);
            shared.notify_all();
        }
    }
}

/// Runs jobs until none has come for a while, or none can come.
fn run(shared: &Arc<Shared>) {
    let requester = Requester::of(shared);
    while let Some(job) = shared.next_job() {
        let cost = cost(&job.incoming.payload);
        let result = catch_unwind(AssertUnwindSafe(|| match &shared.options.handler {
            Some(handler) => handler(job.incoming, &requester),
            None => Err(Failure::default()), // not reached: without a handler nothing is accepted
        }));
        let result = result.unwrap_or_else(|_| Err(Failure::new("the handler panicked")));
        finish(&mut shared.lock(), job.tag, cost, result);
        shared.to_send.notify_all();
        shared.changed.notify_all();
    }
}

/// Answers a request that was accepted, and releases its tag.
fn finish(state: &mut State, tag: u128, cost: usize, result: Result<handler::Reply, Failure>) {
    state.in_flight.remove(&tag);
    if state.in_flight.is_empty() {
        state.in_flight.shrink_to(64); // after many requests
    }
    state.held -= cost;
    state.releases += 1;
    state.queue(handler::response(0, tag, result));
}

impl Shared {
    /// Waits for a job. It returns `None` when the thread is to end.
    fn next_job(&self) -> Option<Job> {
        let mut state = self.lock();
        let mut waited = false;
        loop {
            if let Some(job) = state.queue.pop_front() {
                if state.queue.is_empty() {
                    state.queue.shrink_to(64); // after many requests
                }
                return Some(job);
            }
            // After a shutdown no request is accepted.
            if waited || state.shut {
                state.handler_threads -= 1;
                return None;
            }
            state.idle_threads += 1;
            let (guard, timeout) = self
                .to_handle
                .wait_timeout(state, IDLE)
                .unwrap_or_else(PoisonError::into_inner);
            state = guard;
            state.idle_threads -= 1;
            waited = timeout.timed_out();
        }
    }
}

//! The state that the threads of a connection share.
//!
//! One mutex guards all of it, and no thread calls foreign code (a handler, a tick function, a
//! stream, a closer) while it holds the mutex.

use crate::connection::{End, Options};
use crate::handler::Incoming;
use crate::packet::{Kind, Packet};
use crate::request::{Answer, Call, Error, Request};
use crate::streams::Closer;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What a packet costs beside its payload, in bytes: roughly what its fields and its places in the
/// tables take.
const OVERHEAD: usize = 256;

/// Returns what a packet with this payload counts against the memory limit.
pub(crate) fn cost(payload: &[u8]) -> usize {
    payload.len() + OVERHEAD
}

/// A `Shared` holds the state of a connection and what its threads wait on.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Signalled when the sender may have something to do.
    pub(crate) to_send: Condvar,
    /// Signalled when a handler thread may have something to do.
    pub(crate) to_handle: Condvar,
    /// Signalled when a stream ended, a request was answered or memory was released.
    pub(crate) changed: Condvar,
    pub(crate) options: Options,
}

/// A `Job` is a request that was accepted and waits for a handler thread.
pub(crate) struct Job {
    pub(crate) tag: u128,
    pub(crate) incoming: Incoming,
}

/// A `State` is the state of a connection. Its flags are independent of each other, and only ever become true.
#[allow(clippy::struct_excessive_bools)]
#[derive(Default)]
pub(crate) struct State {
    // As requester.
    pub(crate) last_tag: u128,
    /// The requests that are pending, by channel and tag. Dropping a sender cancels its call.
    pub(crate) pending: HashMap<(u128, u128), SyncSender<Answer>>,

    // As responder.
    /// The tags of the requests that were accepted and not answered. All are on channel 0.
    pub(crate) in_flight: HashSet<u128>,
    pub(crate) accepted: u64,
    pub(crate) queue: VecDeque<Job>,
    pub(crate) handler_threads: usize,
    pub(crate) idle_threads: usize,

    // The local stream.
    pub(crate) outgoing: VecDeque<Packet>,
    /// What local requests cost that were not sent.
    pub(crate) unsent: usize,
    /// Local requests are refused as closed.
    pub(crate) shut: bool,
    /// The end of the local stream was taken by the sender: nothing more is queued.
    pub(crate) sealed: bool,
    /// The writer was dropped.
    pub(crate) local_ended: bool,

    // The peer's stream.
    /// How the peer's stream ended; the reader was dropped.
    pub(crate) end: Option<End>,
    /// What the peer's requests cost that were accepted, and the responses that were not sent.
    pub(crate) held: usize,
    /// How often something of `held` was released.
    pub(crate) releases: u64,
    /// The value of `releases` when the receiver last waited in vain for a release.
    pub(crate) stalled_at: Option<u64>,

    /// The local user closed the connection.
    pub(crate) closed: bool,
    pub(crate) closer: Option<Closer>,
}

impl State {
    /// Queues a packet for the sender, unless the local stream has ended.
    pub(crate) fn queue(&mut self, packet: Packet) {
        if self.sealed {
            return;
        }
        let cost = cost(&packet.payload);
        if packet.is_request() {
            self.unsent += cost;
        } else {
            self.held += cost;
        }
        self.outgoing.push_back(packet);
    }

    /// Ends the local stream for what is queued: nothing of it is sent.
    pub(crate) fn seal(&mut self) {
        self.sealed = true;
        for packet in std::mem::take(&mut self.outgoing) {
            let cost = cost(&packet.payload);
            if packet.is_request() {
                self.unsent -= cost;
            } else {
                self.held -= cost;
            }
        }
        self.releases += 1;
    }

    /// Reports whether nothing is left to answer after a shutdown.
    pub(crate) fn answered(&self) -> bool {
        self.shut && self.in_flight.is_empty()
    }

    /// Reports whether both streams have ended.
    pub(crate) fn over(&self) -> bool {
        self.local_ended && self.end.is_some()
    }
}

impl Shared {
    pub(crate) fn new(options: Options, closer: Option<Closer>) -> Self {
        Shared {
            state: Mutex::new(State {
                closer,
                ..State::default()
            }),
            to_send: Condvar::new(),
            to_handle: Condvar::new(),
            changed: Condvar::new(),
            options,
        }
    }

    /// Locks the state. A panic of a thread that held it is no reason to stop: every change is whole
    /// before anything that could panic.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits on `changed` while `condition` holds.
    pub(crate) fn wait_while<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        mut condition: impl FnMut(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        self.changed
            .wait_while(state, |state| condition(state))
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes every thread of the connection and every call that waits.
    pub(crate) fn notify_all(&self) {
        self.to_send.notify_all();
        self.to_handle.notify_all();
        self.changed.notify_all();
    }

    /// Submits a local request. It waits while too much was submitted that cannot be sent.
    pub(crate) fn submit(&self, request: Request) -> Result<Call, Error> {
        let Request {
            rq_type,
            channel,
            flags,
            payload,
        } = request;
        let wire_type = rq_type
            .checked_add(1)
            .ok_or(Error::Invalid("its type plus one needs more than 128 bits"))?;
        let limit = self.options.memory_limit;
        let mut state = self.wait_while(self.lock(), |state| {
            state.unsent > limit && !state.shut && !state.sealed
        });
        if state.shut || state.sealed {
            return Err(Error::Closed);
        }
        state.last_tag += 1;
        let tag = state.last_tag;
        let (answered, answer) = mpsc::sync_channel(1);
        state.pending.insert((channel, tag), answered);
        state.queue(Packet {
            kind: Kind::Request { wire_type },
            channel,
            tag,
            flags,
            payload,
        });
        drop(state);
        self.to_send.notify_all();
        Ok(Call { answer })
    }

    /// Shuts the connection down, without waiting.
    pub(crate) fn shut_down(&self) {
        self.lock().shut = true;
        self.notify_all();
    }
}

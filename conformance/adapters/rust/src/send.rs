//! The sender: one thread gathers packets and writes them, and EOF at the end.

use crate::packet::Packet;
use crate::state::{Shared, cost};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

/// How many octets are gathered before they are flushed without a pause.
const FULL: usize = 64 << 10;

/// Sends until EOF is sent, the peer has closed its receiving end, or the connection is closed.
pub(crate) fn run(shared: &Arc<Shared>, mut writer: impl Write) {
    // A writer is foreign code. If it panics, nothing more can be sent.
    let _ = catch_unwind(AssertUnwindSafe(|| send_all(shared, &mut writer)));
    // Dropping ends the stream for the peer; a writer that fails then has nothing to report it to.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(writer)));
    shared.end_local();
}

/// A `Gathered` holds packets that were gathered, as octets, and what they cost.
#[derive(Default)]
struct Gathered {
    octets: Vec<u8>,
    held: usize,
    unsent: usize,
    /// When to flush, once no more packets are queued.
    deadline: Option<Instant>,
}

/// A `Step` is what the sender does next.
enum Step {
    /// Gathers these packets.
    Gather(Vec<Packet>),
    /// Flushes what was gathered.
    Flush,
    /// Ends the local stream.
    End,
}

fn send_all(shared: &Shared, writer: &mut impl Write) {
    let mut gathered = Gathered::default();
    loop {
        match shared.next_step(&mut gathered) {
            Step::Gather(packets) => {
                for packet in packets {
                    shared.options.tick.call(b">");
                    packet.encode_to(&mut gathered.octets);
                    let cost = cost(&packet.payload);
                    if packet == Packet::EOF {
                        // It was not queued, so it cost nothing.
                    } else if packet.is_request() {
                        gathered.unsent += cost;
                    } else {
                        gathered.held += cost;
                    }
                }
            }
            Step::Flush => {
                if writer.write_all(&gathered.octets).is_err() || writer.flush().is_err() {
                    return;
                }
                shared.release(&gathered);
                gathered.held = 0;
                gathered.unsent = 0;
                gathered.deadline = None;
                gathered.octets.clear();
                gathered.octets.shrink_to(FULL); // after a long payload
            }
            Step::End => return,
        }
    }
}

impl Shared {
    /// Waits until the sender has something to do.
    fn next_step(&self, gathered: &mut Gathered) -> Step {
        let mut state = self.lock();
        loop {
            if state.closed {
                return Step::End;
            }
            if gathered.octets.len() >= FULL {
                return Step::Flush;
            }
            let mut packets = Vec::new();
            let mut room = FULL - gathered.octets.len();
            while room > 0 {
                let Some(packet) = state.outgoing.pop_front() else {
                    break;
                };
                room = room.saturating_sub(packet.payload.len() + 8);
                packets.push(packet);
            }
            if state.outgoing.is_empty() {
                state.outgoing.shrink_to(64); // after many packets
                if state.answered() && !state.sealed {
                    state.sealed = true;
                    packets.push(Packet::EOF);
                }
            }
            if !packets.is_empty() {
                return Step::Gather(packets);
            }
            if gathered.octets.is_empty() {
                if state.sealed {
                    return Step::End;
                }
                state = self
                    .to_send
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let now = Instant::now();
            let deadline = *gathered
                .deadline
                .get_or_insert(now + self.options.packet_grace);
            if state.sealed || now >= deadline {
                return Step::Flush;
            }
            (state, _) = self
                .to_send
                .wait_timeout(state, deadline - now)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes that what was gathered has been sent.
    fn release(&self, gathered: &Gathered) {
        let mut state = self.lock();
        state.held -= gathered.held;
        state.unsent -= gathered.unsent;
        state.releases += 1;
        drop(state);
        self.changed.notify_all();
    }

    /// Notes that the local stream has ended, whatever is queued.
    fn end_local(&self) {
        let mut state = self.lock();
        state.seal();
        state.local_ended = true;
        let closer = if state.over() {
            state.closer.take()
        } else {
            None
        };
        drop(state);
        drop(closer);
        self.notify_all();
    }
}

//! The receiver: one thread reads packets until the peer's stream ends.

use crate::connection::End;
use crate::handler::{self, Failure, Incoming};
use crate::packet::{Kind, Packet};
use crate::read::{self, ReadError};
use crate::request::Answer;
use crate::state::{Job, Shared, cost};
use crate::work;
use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How many octets the receiver reads ahead.
const BUFFER: usize = 16 << 10;

/// How long the receiver waits for a handler to return or a response to leave, once the memory
/// limit is reached. After that it supposes that they wait for something behind it in the stream.
const STALL: Duration = Duration::from_secs(1);

/// How many times the memory limit the receiver may exceed while nothing is released.
const EXCESS: usize = 4;

/// Receives until the peer's stream ends, and ends it for everyone who waits.
pub(crate) fn run(shared: &Arc<Shared>, reader: impl Read) {
    let mut stream = BufReader::with_capacity(BUFFER, reader);
    // A reader is foreign code. If it panics, its stream is cut.
    let end = catch_unwind(AssertUnwindSafe(|| receive_all(shared, &mut stream)));
    drop(stream);
    shared.end_peer(end.unwrap_or(End::Cut));
}

fn receive_all(shared: &Arc<Shared>, stream: &mut BufReader<impl Read>) -> End {
    loop {
        if !shared.wait_for_room() {
            return End::Overloaded;
        }
        match read::packet(stream, shared.options.max_payload) {
            Ok(Some(packet)) => {
                shared.options.tick.call(b"<");
                if let Some(end) = receive(shared, packet) {
                    return end;
                }
            }
            Ok(None) | Err(ReadError::Incomplete | ReadError::Io(_)) => return End::Cut,
            Err(ReadError::Malformed(why)) => return End::Malformed(why),
        }
    }
}

/// Handles one packet. It returns the end of the peer's stream if the packet is that.
fn receive(shared: &Arc<Shared>, packet: Packet) -> Option<End> {
    match packet.kind {
        Kind::Response => shared.deliver(packet),
        Kind::Request { wire_type: 0 } if packet.channel == 0 => {
            return Some(if packet == Packet::EOF {
                End::Eof
            } else {
                End::Malformed("a request with wire type 0 that is not EOF")
            });
        }
        Kind::Request { wire_type } => respond(shared, packet, wire_type),
    }
    None
}

/// Accepts a request, or refuses it, or drops it.
fn respond(shared: &Arc<Shared>, packet: Packet, wire_type: u128) {
    let Packet {
        channel,
        tag,
        flags,
        payload,
        ..
    } = packet;
    let mut state = shared.lock();
    let refusal = if state.answered() {
        return; // only EOF is left to send
    } else if state.shut {
        // A handler still runs, and may wait for this peer, who may wait for this answer (SHD-10).
        "the connection is shut down".to_owned()
    } else if channel != 0 {
        format!("channel {channel} is not served")
    } else if shared.options.handler.is_none() {
        "there is no handler".to_owned()
    } else if state.in_flight.contains(&tag) {
        format!("a request with tag {tag} is in flight")
    } else {
        state.in_flight.insert(tag);
        state.accepted += 1;
        state.held += cost(&payload);
        let incoming = Incoming {
            rq_type: wire_type - 1, // channel 0 and wire type 0 were handled before
            flags,
            payload,
            arrival: state.accepted,
        };
        state.queue.push_back(Job { tag, incoming });
        work::start(shared, state);
        return;
    };
    state.queue(handler::response(channel, tag, Err(Failure::new(refusal))));
    drop(state);
    shared.to_send.notify_all();
}

impl Shared {
    /// Waits while the peer has sent more than the memory limit allows to hold. It reports whether
    /// there is room for a further packet.
    ///
    /// The wait is how the peer's requests are held back while handlers or the sender are busy. But
    /// it must end if these wait for a packet that the receiver has not read yet:
    ///
    /// 1. All handler threads wait for answers from the peer.
    /// 2. The peer has sent so many requests that the queue is at the limit.
    /// 3. The answers are behind them in the stream.
    ///
    /// The same happens when two peers send responses that the other does not read. So the receiver
    /// goes on after [`STALL`] if nothing was released, up to [`EXCESS`] times the limit.
    fn wait_for_room(&self) -> bool {
        let limit = self.options.memory_limit;
        let mut state = self.lock();
        while state.held > limit && !state.closed && state.stalled_at != Some(state.releases) {
            let releases = state.releases;
            let (guard, timeout) = self
                .changed
                .wait_timeout(state, STALL)
                .unwrap_or_else(PoisonError::into_inner);
            state = guard;
            if timeout.timed_out() && state.releases == releases {
                state.stalled_at = Some(releases);
            }
        }
        state.held <= limit.saturating_mul(EXCESS)
    }

    /// Gives a response to the call that waits for it. Any other is ignored (RSP-5, RSP-6).
    fn deliver(&self, packet: Packet) {
        let mut state = self.lock();
        if let Some(call) = state.pending.remove(&(packet.channel, packet.tag)) {
            let (ok, flags) = (packet.flags & 1 == 1, packet.flags >> 1);
            let payload = packet.payload;
            // The channel has room for one answer, and an error says that nobody waits.
            let _ = call.try_send(if ok {
                Answer::Ok {
                    flags,
                    value: payload,
                }
            } else {
                Answer::Failure { flags, payload }
            });
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Ends the peer's stream: cancels what is pending, and shuts the connection down.
    pub(crate) fn end_peer(&self, end: End) {
        let mut state = self.lock();
        state.end = Some(if state.closed { End::Closed } else { end });
        state.shut = true;
        let cancelled = std::mem::take(&mut state.pending);
        let closer = if state.over() {
            state.closer.take()
        } else {
            None
        };
        drop(state);
        drop((cancelled, closer));
        self.notify_all();
    }
}

//! The standard handler, with the gates at which it waits and the record of what it received.

use packetstream::{Answer, Failure, Incoming, Reply, Request, Requester};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The longest payload that type 8 makes. A longer one would only show how much memory there is.
const LONGEST: usize = 64 << 20;

/// A `Standard` is the standard handler of one connection.
#[derive(Default)]
pub(crate) struct Standard {
    seen: Mutex<BTreeMap<u64, Incoming>>,
    gates: Mutex<Gates>,
    released: Condvar,
}

/// A `Gates` holds the names of the gates that were released.
#[derive(Default)]
struct Gates {
    released: HashSet<Vec<u8>>,
    closed: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Standard {
    /// Returns the requests that the handler received, in the order of their arrival.
    ///
    /// Handlers run in several threads. So a request counts only when every one that arrived before
    /// it has reached its handler too.
    pub(crate) fn seen(&self) -> Vec<Incoming> {
        lock(&self.seen)
            .iter()
            .zip(1..)
            .take_while(|((arrival, _), place)| *arrival == place)
            .map(|((_, incoming), _)| incoming.clone())
            .collect()
    }

    /// Releases a gate, for the handlers that wait at it and for all later ones.
    pub(crate) fn release(&self, gate: &str) {
        lock(&self.gates).released.insert(gate.into());
        self.released.notify_all();
    }

    /// Lets every handler that waits at a gate fail.
    pub(crate) fn close(&self) {
        lock(&self.gates).closed = true;
        self.released.notify_all();
    }

    fn pass(&self, gate: &[u8]) -> Result<(), Failure> {
        let gates = self
            .released
            .wait_while(lock(&self.gates), |gates| {
                !gates.closed && !gates.released.contains(gate)
            })
            .unwrap_or_else(PoisonError::into_inner);
        if gates.closed {
            return Err(Failure::new("the connection was closed"));
        }
        Ok(())
    }

    /// Handles a request as the table of the adapter guide says.
    pub(crate) fn handle(
        &self,
        incoming: Incoming,
        requester: &Requester,
    ) -> Result<Reply, Failure> {
        lock(&self.seen).insert(incoming.arrival, incoming.clone());
        let Incoming {
            rq_type,
            flags,
            mut payload,
            ..
        } = incoming;
        Ok(match rq_type {
            0 => Reply::Nothing,
            1 => Reply::Flags(flags),
            2 => payload.into(),
            3 => String::from_utf8(payload)?.into(),
            4 => (flags, payload).into(),
            5 => return Err(Failure::new(String::from_utf8(payload)?)),
            6 => {
                self.pass(&payload)?;
                payload.into()
            }
            7 => {
                payload.reverse();
                (0x11, payload).into()
            }
            8 => {
                let length: usize = std::str::from_utf8(&payload)?.parse()?;
                if length > LONGEST {
                    return Err(Failure::new(format!("{length} octets are too many")));
                }
                (0..=250_u8).cycle().take(length).collect::<Vec<_>>().into()
            }
            9 => match requester.call(Request::new(2).payload(payload))? {
                Answer::Ok { value, .. } => value.into(),
                Answer::Failure { payload, .. } => payload.into(),
            },
            other => return Err(Failure::new(format!("no type {other}"))),
        })
    }
}

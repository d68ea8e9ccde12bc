//! One connection of the implementation, with the standard handler and what commands need beside it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};

use crate::json::Value;
use crate::protocol::{Call, Connection, Reply, Request};

/// A connection that commands name.
#[derive(Default)]
pub struct Subject {
    connection: OnceLock<Arc<dyn Connection>>,
    state: Mutex<State>,
    changed: Condvar, // the connection is open, a gate is released, or the subject is closed
}

#[derive(Default)]
struct State {
    seen: Vec<Value>,
    ticks: Vec<Value>,
    calls: HashMap<String, Box<dyn Call>>,
    released: HashSet<Vec<u8>>,
    closed: bool,
}

impl Subject {
    /// Sets the connection, once it is open.
    pub fn opened(&self, connection: Arc<dyn Connection>) {
        let _ = self.connection.set(connection);
        let _state = self.lock();
        self.changed.notify_all();
    }

    /// Returns the connection. A handler may ask for it before it is open.
    pub fn connection(&self) -> Arc<dyn Connection> {
        let mut state = self.lock();
        loop {
            if let Some(connection) = self.connection.get() {
                return connection.clone();
            }
            state = self.changed.wait(state).unwrap();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn record_tick(&self, octets: &[u8]) {
        self.lock().ticks.push(hex(octets).into());
    }

    pub fn seen(&self) -> Value {
        Value::Array(self.lock().seen.clone())
    }

    pub fn ticks(&self) -> Value {
        Value::Array(self.lock().ticks.clone())
    }

    pub fn keep_call(&self, name: &str, call: Box<dyn Call>) {
        self.lock().calls.insert(name.to_owned(), call);
    }

    pub fn take_call(&self, name: &str) -> Option<Box<dyn Call>> {
        self.lock().calls.remove(name)
    }

    /// Releases a gate, which stays open.
    pub fn release(&self, gate: &str) {
        self.lock().released.insert(gate.as_bytes().to_vec());
        self.changed.notify_all();
    }

    /// Waits until a gate is released, or the connection is closed.
    fn hold(&self, gate: &[u8]) {
        let mut state = self.lock();
        while !state.closed && !state.released.contains(gate) {
            state = self.changed.wait(state).unwrap();
        }
    }

    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
        self.connection().close();
    }

    /// Does what the standard handler does.
    pub fn handle(&self, rq_type: i128, flags: i128, payload: Vec<u8>) -> Result<Reply, String> {
        self.lock().seen.push(Value::Object(vec![
            ("rq_type".into(), rq_type.to_string().into()),
            ("flags".into(), flags.to_string().into()),
            ("payload".into(), hex(&payload).into()),
        ]));
        Ok(match rq_type {
            0 => Reply::Nothing,
            1 => Reply::Flags(flags),
            2 => Reply::Bytes(payload),
            3 => Reply::Text(String::from_utf8(payload).map_err(|error| error.to_string())?),
            4 => Reply::Both(flags, payload),
            6 => {
                self.hold(&payload);
                Reply::Bytes(payload)
            }
            7 => Reply::Both(0x11, payload.into_iter().rev().collect()),
            8 => Reply::Bytes(large(&payload)?),
            9 => {
                let request = Request {
                    rq_type: 2,
                    flags: 0,
                    channel: 0,
                    payload,
                    decode: None,
                };
                let answer = self.connection().request(request).and_then(|call| call.wait());
                Reply::Bytes(answer.map_err(|error| error.message)?.payload)
            }
            10 => Reply::Invalid(String::from_utf8_lossy(&payload).into_owned()),
            _ => return Err(String::from_utf8_lossy(&payload).into_owned()), // 5, and every other type
        })
    }
}

/// How many octets type 8 returns at most.
const MOST: usize = 64 << 20;

fn large(digits: &[u8]) -> Result<Vec<u8>, String> {
    let size: usize = String::from_utf8_lossy(digits)
        .parse()
        .map_err(|_| "the payload is not a size")?;
    if size > MOST {
        return Err(format!("{size} is more than {MOST}"));
    }
    Ok((0..size).map(|i| (i % 251) as u8).collect())
}

/// Returns octets as hex digits.
pub fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * octets.len());
    for octet in octets {
        text.push(DIGITS[usize::from(octet >> 4)] as char);
        text.push(DIGITS[usize::from(octet & 15)] as char);
    }
    text
}

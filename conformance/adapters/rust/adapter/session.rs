//! The commands of the adapter protocol, and the connections that they act on.

use crate::field;
use crate::json::Value;
use crate::standard::Standard;
use packetstream::{
    Answer, BoxError, Call, Connection, End, Options, Packet, ReadError, Request, Streams, Tick,
};
use std::collections::HashMap;
use std::fmt;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// An `Error` is the `error` of a reply.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

impl Error {
    fn new(kind: &'static str, message: impl fmt::Display) -> Self {
        Error {
            kind,
            message: message.to_string(),
        }
    }

    pub(crate) fn invalid(message: impl fmt::Display) -> Self {
        Error::new("invalid", message)
    }

    pub(crate) fn internal(message: impl fmt::Display) -> Self {
        Error::new("internal", message)
    }
}

impl From<packetstream::Error> for Error {
    fn from(error: packetstream::Error) -> Self {
        let kind = match error {
            packetstream::Error::Closed => "closed",
            packetstream::Error::Cancelled => "cancelled",
            packetstream::Error::Invalid(_) => "invalid",
            packetstream::Error::Decode(_) => "decode",
            _ => "internal",
        };
        Error::new(kind, error)
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        let kind = match error {
            ReadError::Incomplete => "incomplete",
            ReadError::Malformed(_) => "malformed",
            _ => "internal",
        };
        Error::new(kind, error)
    }
}

/// The members of a reply beside its `id`.
pub(crate) type Reply = Result<Vec<(&'static str, Value)>, Error>;

/// A `Subject` holds a connection, and what the runner asks about it.
struct Subject {
    connection: Connection,
    standard: Arc<Standard>,
    ticks: Arc<Mutex<Vec<Vec<u8>>>>,
    calls: Mutex<HashMap<String, (Call, Decoder)>>,
}

/// A `Session` holds the open connections.
pub(crate) struct Session {
    /// Connections are opened over sockets: the ability `sockets`.
    sockets: bool,
    subjects: Arc<Mutex<HashMap<String, Arc<Subject>>>>,
}

/// A `Later` is work that may take long, and so needs a thread.
pub(crate) type Later = Box<dyn FnOnce() -> Reply + Send>;

/// An `Outcome` is the reply to a command, or the work that makes it.
pub(crate) enum Outcome {
    Now(Reply),
    Later(Later),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A `Decoder` is a response decoder that a request may name.
#[derive(Clone, Copy)]
enum Decoder {
    None,
    Reverse,
    Raise,
    Flags,
}

impl Decoder {
    fn of(command: &Value) -> Result<Self, Error> {
        if command.get("decode").is_none() {
            return Ok(Decoder::None);
        }
        match field::text(command, "decode")? {
            "reverse" => Ok(Decoder::Reverse),
            "raise" => Ok(Decoder::Raise),
            "flags" => Ok(Decoder::Flags),
            other => Err(Error::invalid(format!("no decoder {other}"))),
        }
    }

    fn decode(self, flags: u128, mut payload: Vec<u8>) -> Result<Vec<u8>, BoxError> {
        match self {
            Decoder::None => {}
            Decoder::Reverse => payload.reverse(),
            Decoder::Raise => return Err("the decoder raises".into()),
            Decoder::Flags => payload = flags.to_string().into_bytes(),
        }
        Ok(payload)
    }
}

impl Session {
    /// Makes a session without connections. They will be over sockets if `sockets` is true, and
    /// over named pipes if it is false.
    pub(crate) fn new(sockets: bool) -> Self {
        Session {
            sockets,
            subjects: Arc::default(),
        }
    }

    /// Carries a command out, or returns the work that remains.
    pub(crate) fn command(&self, command: &Value) -> Outcome {
        self.outcome(command)
            .unwrap_or_else(|error| Outcome::Now(Err(error)))
    }

    fn outcome(&self, command: &Value) -> Result<Outcome, Error> {
        let members = match field::text(command, "op")? {
            "hello" => self.hello(),
            "encode" => {
                let packet = field::packet(command, "packet")?;
                vec![("bytes", field::hex(&packet.encode()).into())]
            }
            "decode" => {
                let (packet, consumed) = Packet::decode(&field::octets(command, "bytes")?)?;
                vec![
                    ("packet", field::packet_value(&packet)),
                    ("consumed", Value::Number(consumed.to_string())),
                ]
            }
            "equal" => {
                let equal = field::packet(command, "a")? == field::packet(command, "b")?;
                vec![("equal", equal.into())]
            }
            "string" => {
                let packet = field::packet(command, "packet")?;
                vec![("string", packet.to_string().into())]
            }
            "open" => {
                // Opening a pipe waits without end if the runner has given up by now, and has
                // closed its own end.
                let (command, subjects) = (command.clone(), Arc::clone(&self.subjects));
                return Ok(later(move || {
                    let subject = open(&command)?;
                    let name = field::text(&command, "conn")?.to_owned();
                    lock(&subjects).insert(name, Arc::new(subject));
                    Ok(Vec::new())
                }));
            }
            "close" => {
                let name = field::text(command, "conn")?;
                let subject = lock(&self.subjects)
                    .remove(name)
                    .ok_or_else(|| Error::internal(format!("no connection {name}")))?;
                return Ok(later(move || {
                    subject.standard.close();
                    subject.connection.close();
                    Ok(Vec::new())
                }));
            }
            op => return self.on_connection(op, command),
        };
        Ok(Outcome::Now(Ok(members)))
    }

    fn hello(&self) -> Vec<(&'static str, Value)> {
        let mut supports = vec![
            "equal",
            "string",
            "grace",
            "tick",
            "decode-response",
            "decode-flags",
            "big-integers",
            "channels",
            "end-reason",
        ];
        if self.sockets {
            supports.push("sockets");
        }
        let supports = supports.into_iter().map(Value::from).collect();
        vec![
            ("version", Value::Number("1".to_owned())),
            ("name", env!("CARGO_PKG_NAME").into()),
            ("release", env!("CARGO_PKG_VERSION").into()),
            ("language", "Rust".into()),
            ("supports", Value::Array(supports)),
        ]
    }

    fn on_connection(&self, op: &str, command: &Value) -> Result<Outcome, Error> {
        if !matches!(
            op,
            "request" | "wait" | "do" | "release" | "seen" | "ticks" | "shutdown" | "join"
        ) {
            return Err(Error::new("unsupported", op));
        }
        let name = field::text(command, "conn")?;
        let subject = lock(&self.subjects)
            .get(name)
            .cloned()
            .ok_or_else(|| Error::internal(format!("no connection {name}")))?;
        Ok(match op {
            "request" => {
                let name = field::text(command, "call")?.to_owned();
                let (request, decoder) = (request(command)?, Decoder::of(command)?);
                later(move || {
                    let call = subject.connection.request(request)?;
                    lock(&subject.calls).insert(name, (call, decoder));
                    Ok(Vec::new())
                })
            }
            "wait" => {
                let name = field::text(command, "call")?;
                let (call, decoder) = lock(&subject.calls)
                    .remove(name)
                    .ok_or_else(|| Error::internal(format!("no call {name}")))?;
                later(move || wait(call, decoder))
            }
            "do" => {
                let (request, decoder) = (request(command)?, Decoder::of(command)?);
                later(move || wait(subject.connection.request(request)?, decoder))
            }
            "release" => {
                subject.standard.release(field::text(command, "gate")?);
                Outcome::Now(Ok(Vec::new()))
            }
            "seen" => {
                let calls = subject.standard.seen().into_iter().map(|incoming| {
                    object([
                        ("rq_type", incoming.rq_type.to_string().into()),
                        ("flags", incoming.flags.to_string().into()),
                        ("payload", field::hex(&incoming.payload).into()),
                    ])
                });
                Outcome::Now(Ok(vec![("calls", Value::Array(calls.collect()))]))
            }
            "ticks" => {
                let ticks = lock(&subject.ticks);
                let ticks = ticks.iter().map(|tick| field::hex(tick).into());
                Outcome::Now(Ok(vec![("ticks", Value::Array(ticks.collect()))]))
            }
            "shutdown" if field::boolean(command, "block")? => later(move || {
                subject.connection.shutdown_and_wait();
                Ok(Vec::new())
            }),
            "shutdown" => {
                subject.connection.shutdown();
                Outcome::Now(Ok(Vec::new()))
            }
            _ => later(move || {
                let ended = match subject.connection.join() {
                    End::Eof => "eof",
                    End::Cut => "cut",
                    End::Malformed(_) | End::Overloaded => "malformed",
                    end => return Err(Error::internal(end)),
                };
                Ok(vec![("ended", ended.into())])
            }),
        })
    }
}

fn later(work: impl FnOnce() -> Reply + Send + 'static) -> Outcome {
    Outcome::Later(Box::new(work))
}

/// Makes a JSON object.
pub(crate) fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let members = members.into_iter();
    Value::Object(
        members
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn open(command: &Value) -> Result<Subject, Error> {
    let standard = Arc::new(Standard::default());
    let ticks = Arc::new(Mutex::new(Vec::new()));
    let mut options = Options::new();
    if field::boolean(command, "handler")? {
        let standard = Arc::clone(&standard);
        options = options.handler(move |incoming, requester| standard.handle(incoming, requester));
    }
    if let Some(grace) = command.get("grace") {
        let seconds = grace.to_string().parse().map_err(Error::invalid)?;
        options =
            options.packet_grace(Duration::try_from_secs_f64(seconds).map_err(Error::invalid)?);
    }
    if command.get("tick").is_some() {
        options = options.tick(match field::text(command, "tick")? {
            "record" => {
                let ticks = Arc::clone(&ticks);
                Tick::Function(Box::new(move |octets| lock(&ticks).push(octets.to_vec())))
            }
            "stderr" => Tick::Stderr,
            _ => Tick::None,
        });
    }
    if command.get("name").is_some() {
        options = options.name(field::text(command, "name")?);
    }
    let streams = if command.get("socket").is_some() {
        UnixStream::connect(field::text(command, "socket")?).and_then(Streams::unix)
    } else {
        Streams::fifos(field::text(command, "recv")?, field::text(command, "send")?)
    };
    let streams = streams.map_err(Error::internal)?;
    Ok(Subject {
        connection: Connection::new(streams, options).map_err(Error::internal)?,
        standard,
        ticks,
        calls: Mutex::default(),
    })
}

fn request(command: &Value) -> Result<Request, Error> {
    Ok(Request::new(field::integer(command, "rq_type")?)
        .channel(field::integer(command, "channel")?)
        .flags(field::integer(command, "flags")?)
        .payload(field::octets(command, "payload")?))
}

fn wait(call: Call, decoder: Decoder) -> Reply {
    let answer = call.wait_decoded(|flags, payload| decoder.decode(flags, payload))?;
    let (ok, flags, payload) = match answer {
        Answer::Ok { flags, value } => (true, flags, value),
        Answer::Failure { flags, payload } => (false, flags, payload),
    };
    Ok(vec![
        ("ok", ok.into()),
        ("flags", flags.to_string().into()),
        ("payload", field::hex(&payload).into()),
    ])
}

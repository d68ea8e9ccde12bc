//! Commands and replies: the protocol's side of the adapter.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::json::{self, Value};
use crate::protocol::{Call, Decoder, Error, Handler, Implementation, Kind, Options, Packet, Request, Response, Tick};
use crate::subject::{hex, Subject};

type Fields = Vec<(String, Value)>;

/// Carries out commands on an implementation. Those that may wait have a thread each.
pub struct Adapter<I, W> {
    implementation: I,
    write: W,
    subjects: Mutex<HashMap<String, Arc<Subject>>>,
}

impl<I: Implementation, W: Fn(String) + Send + Sync + 'static> Adapter<I, W> {
    /// Returns an adapter that writes replies, one whole line each, by a function.
    pub fn new(implementation: I, write: W) -> Self {
        Adapter {
            implementation,
            write,
            subjects: Mutex::default(),
        }
    }

    /// Carries out the command of a line, now or in a thread of its own.
    pub fn serve(self: &Arc<Self>, line: &str) {
        let command = match json::parse(line) {
            Ok(command) => command,
            Err(error) => {
                let error = Error::new(Kind::Invalid, format!("the line is not a command: {error}"));
                return self.reply(&Value::Null, Err(error));
            }
        };
        match command.get("op").and_then(Value::as_str) {
            Some("open" | "request" | "wait" | "do" | "shutdown" | "join" | "close") => {
                let adapter = self.clone();
                thread::spawn(move || adapter.answer(&command));
            }
            _ => self.answer(&command),
        }
    }

    fn answer(&self, command: &Value) {
        self.reply(command, self.execute(command));
    }

    fn reply(&self, command: &Value, outcome: Result<Fields, Error>) {
        let id = command.get("id").cloned().unwrap_or_else(|| Value::Number("0".into()));
        let mut fields = vec![("id".to_owned(), id)];
        fields.extend(outcome.unwrap_or_else(|error| {
            let kind = format!("{:?}", error.kind).to_lowercase();
            vec![field(
                "error",
                Value::Object(vec![field("kind", kind), field("message", error.message)]),
            )]
        }));
        (self.write)(format!("{}\n", Value::Object(fields)));
    }

    fn execute(&self, c: &Value) -> Result<Fields, Error> {
        Ok(match string(c, "op")? {
            "hello" => {
                let abilities = self
                    .implementation
                    .abilities()
                    .iter()
                    .map(|name| Value::from(*name))
                    .collect();
                vec![
                    field("version", Value::Number("1".into())),
                    field("name", self.implementation.name()),
                    field("release", self.implementation.release()),
                    field("language", "Rust"),
                    field("supports", Value::Array(abilities)),
                ]
            }
            "encode" => vec![field("bytes", hex(&self.implementation.encode(packet(c, "packet")?)?))],
            "decode" => {
                let (packet, consumed) = self.implementation.decode(&octets(c, "bytes")?)?;
                vec![
                    field("packet", packet_to_json(&packet)),
                    field("consumed", Value::Number(consumed.to_string())),
                ]
            }
            "equal" => vec![field(
                "equal",
                self.implementation.equal(packet(c, "a")?, packet(c, "b")?)?,
            )],
            "string" => vec![field("string", self.implementation.text(packet(c, "packet")?)?)],
            "open" => {
                self.open(c)?;
                vec![]
            }
            "request" => {
                let subject = self.subject(c)?;
                subject.keep_call(string(c, "call")?, submit(&subject, c)?);
                vec![]
            }
            "wait" => {
                let name = string(c, "call")?;
                let call = self.subject(c)?.take_call(name);
                answer(
                    call.ok_or_else(|| invalid(format!("no request {name} was submitted")))?
                        .wait()?,
                )
            }
            "do" => answer(submit(&*self.subject(c)?, c)?.wait()?),
            "release" => {
                self.subject(c)?.release(string(c, "gate")?);
                vec![]
            }
            "seen" => vec![field("calls", self.subject(c)?.seen())],
            "ticks" => vec![field("ticks", self.subject(c)?.ticks())],
            "shutdown" => {
                self.subject(c)?.connection().shutdown(truth(c, "block"))?;
                vec![]
            }
            "join" => {
                let ended = self.subject(c)?.connection().join()?;
                ended.map(|ended| field("ended", ended)).into_iter().collect()
            }
            "close" => {
                let subject = self.subject(c)?;
                self.subjects.lock().unwrap().remove(string(c, "conn")?);
                subject.close();
                vec![]
            }
            op => return Err(Error::new(Kind::Unsupported, format!("there is no command {op}"))),
        })
    }

    fn subject(&self, c: &Value) -> Result<Arc<Subject>, Error> {
        let conn = string(c, "conn")?;
        let subjects = self.subjects.lock().unwrap();
        subjects
            .get(conn)
            .cloned()
            .ok_or_else(|| invalid(format!("no connection {conn} is open")))
    }

    /// Opens both pipes, the receiving one first, and starts a connection.
    fn open(&self, c: &Value) -> Result<(), Error> {
        let recv = File::open(string(c, "recv")?)?;
        let send = OpenOptions::new().write(true).open(string(c, "send")?)?;
        let subject = Arc::new(Subject::default());
        let handles = subject.clone();
        let handler: Option<Handler> = truth(c, "handler")
            .then(|| Arc::new(move |rq_type, flags, payload| handles.handle(rq_type, flags, payload)) as Handler);
        let tick = c.get("tick").and_then(Value::as_str).unwrap_or("none");
        let ticks = subject.clone();
        let options = Options {
            grace: match c.get("grace") {
                Some(Value::Number(digits)) => digits.parse().ok(),
                _ => None,
            },
            tick: (tick == "record").then(|| Box::new(move |octets: &[u8]| ticks.record_tick(octets)) as Tick),
            tick_stderr: tick == "stderr",
            name: c.get("name").and_then(Value::as_str).map(str::to_owned),
        };
        let connection = self.implementation.open(recv, send, handler, options)?;
        subject.opened(connection);
        self.subjects
            .lock()
            .unwrap()
            .insert(string(c, "conn")?.to_owned(), subject);
        Ok(())
    }
}

fn field(name: &str, value: impl Into<Value>) -> (String, Value) {
    (name.to_owned(), value.into())
}

fn invalid(message: String) -> Error {
    Error::new(Kind::Invalid, message)
}

fn string<'a>(c: &'a Value, name: &str) -> Result<&'a str, Error> {
    c.get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| invalid(format!("the field {name} is not a string")))
}

fn truth(c: &Value, name: &str) -> bool {
    c.get(name) == Some(&Value::Bool(true))
}

/// Returns a protocol integer, or 0 if it is absent.
fn integer(c: &Value, name: &str) -> Result<i128, Error> {
    match c.get(name) {
        None => Ok(0),
        Some(value) => value
            .as_str()
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| invalid(format!("the field {name} is not an integer of at most 127 bits"))),
    }
}

/// Returns octets, or none if they are absent.
fn octets(c: &Value, name: &str) -> Result<Vec<u8>, Error> {
    let digits = match c.get(name) {
        None => return Ok(vec![]),
        Some(_) => string(c, name)?.as_bytes(),
    };
    let nibble = |digit: u8| (digit as char).to_digit(16).map(|value| value as u8);
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
        _ => None,
    });
    pairs
        .collect::<Option<_>>()
        .ok_or_else(|| invalid(format!("the field {name} is not hex")))
}

fn packet(c: &Value, name: &str) -> Result<Packet, Error> {
    let p = c
        .get(name)
        .ok_or_else(|| invalid(format!("the field {name} is missing")))?;
    Ok(Packet {
        is_request: truth(p, "is_request"),
        channel: integer(p, "channel")?,
        tag: integer(p, "tag")?,
        flags: integer(p, "flags")?,
        rq_type: p.get("rq_type").map(|_| integer(p, "rq_type")).transpose()?,
        payload: octets(p, "payload")?,
    })
}

fn packet_to_json(p: &Packet) -> Value {
    let mut fields = vec![
        field("is_request", p.is_request),
        field("channel", p.channel.to_string()),
        field("tag", p.tag.to_string()),
        field("flags", p.flags.to_string()),
        field("payload", hex(&p.payload)),
    ];
    if let (true, Some(rq_type)) = (p.is_request, p.rq_type) {
        fields.push(field("rq_type", rq_type.to_string()));
    }
    Value::Object(fields)
}

fn answer(response: Response) -> Fields {
    vec![
        field("ok", response.ok),
        field("flags", response.flags.to_string()),
        field("payload", hex(&response.payload)),
    ]
}

fn submit(subject: &Subject, c: &Value) -> Result<Box<dyn Call>, Error> {
    let decode: Option<Decoder> = match c.get("decode").and_then(Value::as_str) {
        None => None,
        Some("reverse") => Some(Box::new(|_, payload| Ok(payload.into_iter().rev().collect()))),
        Some("raise") => Some(Box::new(|_, _| {
            Err(Error::new(Kind::Decode, "the request asks for this failure"))
        })),
        Some("flags") => Some(Box::new(|flags, _| Ok(flags.to_string().into_bytes()))),
        Some(name) => return Err(invalid(format!("there is no decoder {name}"))),
    };
    subject.connection().request(Request {
        rq_type: integer(c, "rq_type")?,
        flags: integer(c, "flags")?,
        channel: integer(c, "channel")?,
        payload: octets(c, "payload")?,
        decode,
    })
}

//! Tests of the protocol's side, with an implementation that does as little as possible.

use std::fs::{File, OpenOptions};
use std::process::Command;
use std::sync::mpsc::{channel, Receiver};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use crate::adapter::Adapter;
use crate::implementation;
use crate::json::{self, Value};
use crate::protocol::*;

/// What the command open has passed on.
type Opened = (Option<Handler>, Options);

/// An implementation whose peer answers each request with itself.
#[derive(Default, Clone)]
struct Fake {
    opened: Arc<Mutex<Option<Opened>>>,
}

#[derive(Default)]
struct FakeConnection {
    ended: Mutex<bool>,
    changed: Condvar,
}

struct Echo(Request);

impl Call for Echo {
    fn wait(self: Box<Self>) -> Result<Response, Error> {
        let Request {
            rq_type,
            flags,
            payload,
            decode,
            ..
        } = self.0;
        if rq_type == 99 {
            return Err(Error::new(Kind::Cancelled, "the peer's stream has ended"));
        }
        let payload = match decode {
            Some(decode) => decode(flags, payload)?,
            None => payload,
        };
        Ok(Response {
            ok: true,
            flags,
            payload,
        })
    }
}

impl Connection for FakeConnection {
    fn request(&self, request: Request) -> Result<Box<dyn Call>, Error> {
        Ok(Box::new(Echo(request)))
    }

    fn shutdown(&self, _block: bool) -> Result<(), Error> {
        *self.ended.lock().unwrap() = true;
        self.changed.notify_all();
        Ok(())
    }

    fn join(&self) -> Result<Option<String>, Error> {
        let mut ended = self.ended.lock().unwrap();
        while !*ended {
            ended = self.changed.wait(ended).unwrap();
        }
        Ok(Some("eof".into()))
    }

    fn close(&self) {}
}

impl Implementation for Fake {
    fn name(&self) -> &str {
        "fake"
    }

    fn release(&self) -> &str {
        "1"
    }

    fn abilities(&self) -> &[&str] {
        &["equal"]
    }

    fn encode(&self, packet: Packet) -> Result<Vec<u8>, Error> {
        Ok(packet.payload)
    }

    fn decode(&self, _octets: &[u8]) -> Result<(Packet, usize), Error> {
        let payload = b"hello".to_vec();
        Ok((
            Packet {
                is_request: true,
                channel: 5,
                tag: 300,
                flags: 7,
                rq_type: Some(2),
                payload,
            },
            11,
        ))
    }

    fn equal(&self, a: Packet, b: Packet) -> Result<bool, Error> {
        Ok(a == b)
    }

    fn text(&self, packet: Packet) -> Result<String, Error> {
        Ok(format!("{packet:?}"))
    }

    fn open(
        &self,
        _recv: File,
        _send: File,
        handler: Option<Handler>,
        options: Options,
    ) -> Result<Arc<dyn Connection>, Error> {
        *self.opened.lock().unwrap() = Some((handler, options));
        Ok(Arc::new(FakeConnection::default()))
    }
}

/// Sends commands to an adapter, and receives its replies.
struct Runner {
    serve: Box<dyn Fn(&str)>,
    replies: Receiver<String>,
    earlier: Vec<Value>,
    ids: u32,
}

impl Runner {
    fn new(implementation: impl Implementation) -> Self {
        let (write, replies) = channel();
        let write = Mutex::new(write);
        let adapter = Arc::new(Adapter::new(implementation, move |line| {
            let _ = write.lock().unwrap().send(line);
        }));
        Runner {
            serve: Box::new(move |line| adapter.serve(line)),
            replies,
            earlier: vec![],
            ids: 0,
        }
    }

    /// Sends a command with fields, which are JSON without the braces.
    fn send(&mut self, op: &str, fields: &str) -> u32 {
        self.ids += 1;
        let comma = if fields.is_empty() { "" } else { "," };
        (self.serve)(&format!(r#"{{"id":{},"op":"{op}"{comma}{fields}}}"#, self.ids));
        self.ids
    }

    fn reply(&mut self, id: u32) -> Value {
        let id = Value::Number(id.to_string());
        loop {
            if let Some(i) = self.earlier.iter().position(|reply| reply.get("id") == Some(&id)) {
                return self.earlier.remove(i);
            }
            self.earlier
                .push(json::parse(self.replies.recv().unwrap().trim_end()).unwrap());
        }
    }

    /// Sends a command, and returns its reply as JSON without the braces and the id, or the kind of its error.
    fn exec(&mut self, op: &str, fields: &str) -> String {
        let id = self.send(op, fields);
        self.outcome(id)
    }

    fn outcome(&mut self, id: u32) -> String {
        let reply = self.reply(id);
        if let Some(kind) = reply.get("error").and_then(|error| error.get("kind")?.as_str()) {
            return kind.to_owned();
        }
        let text = reply.to_string();
        text.trim_start_matches(&format!(r#"{{"id":{id}"#))
            .trim_start_matches(',')
            .trim_end_matches('}')
            .to_owned()
    }

    fn open(&mut self, name: &str, fields: &str) {
        let folder = std::env::temp_dir().join(format!("adapter-{}-{name}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let (recv, send) = (folder.join("recv"), folder.join("send"));
        assert!(Command::new("mkfifo").arg(&recv).arg(&send).status().unwrap().success());
        let ends = [&recv, &send].map(|path| OpenOptions::new().read(true).write(true).open(path).unwrap()); // as the runner's ends
        let paths = format!(
            r#""conn":"c","recv":"{}","send":"{}","handler":true{fields}"#,
            recv.display(),
            send.display()
        );
        assert_eq!(self.exec("open", &paths), "");
        drop(ends);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

#[test]
fn a_todo_is_unsupported() {
    let mut runner = Runner::new(implementation::Subject);
    assert_eq!(
        runner.exec("hello", r#""version":1"#),
        r#""version":1,"name":"my implementation","release":"0.1","language":"Rust","supports":[]"#
    );
    assert_eq!(runner.exec("nosuch", ""), "unsupported");
    assert_eq!(runner.exec("decode", r#""bytes":"0a""#), "unsupported");
    assert_eq!(runner.exec("join", r#""conn":"c""#), "invalid");
}

#[test]
fn packets_keep_their_values() {
    let mut runner = Runner::new(Fake::default());
    let packet = r#"{"is_request":true,"channel":"5","tag":"300","flags":"7","payload":"68656c6c6f","rq_type":"2"}"#;
    assert_eq!(
        runner.exec("decode", r#""bytes":"0A""#),
        format!(r#""packet":{packet},"consumed":11"#)
    );
    assert_eq!(
        runner.exec("encode", &format!(r#""packet":{packet}"#)),
        r#""bytes":"68656c6c6f""#
    );
    assert_eq!(
        runner.exec("equal", &format!(r#""a":{packet},"b":{packet}"#)),
        r#""equal":true"#
    );
    assert_eq!(
        runner.exec("encode", r#""packet":{"is_request":false,"tag":"x"}"#),
        "invalid"
    );
    assert_eq!(runner.exec("decode", r#""bytes":"0""#), "invalid");
}

#[test]
fn requests() {
    let mut runner = Runner::new(Fake::default());
    runner.open("requests", "");
    assert_eq!(
        runner.exec(
            "request",
            r#""conn":"c","call":"a","rq_type":"2","flags":"7","payload":"6869""#
        ),
        ""
    );
    assert_eq!(
        runner.exec("wait", r#""conn":"c","call":"a""#),
        r#""ok":true,"flags":"7","payload":"6869""#
    );
    assert_eq!(
        runner.exec("do", r#""conn":"c","rq_type":"2""#),
        r#""ok":true,"flags":"0","payload":"""#
    );
    assert!(runner
        .exec("do", r#""conn":"c","rq_type":"2","payload":"6869","decode":"reverse""#)
        .contains("6968"));
    assert_eq!(
        runner.exec("do", r#""conn":"c","rq_type":"2","decode":"raise""#),
        "decode"
    );
    assert_eq!(runner.exec("do", r#""conn":"c","rq_type":"99""#), "cancelled");
    assert_eq!(runner.exec("wait", r#""conn":"c","call":"b""#), "invalid");
    assert_eq!(runner.exec("close", r#""conn":"c""#), "");
    assert_eq!(runner.exec("do", r#""conn":"c","rq_type":"2""#), "invalid");
}

#[test]
fn commands_that_wait_delay_no_other() {
    let mut runner = Runner::new(Fake::default());
    runner.open("waits", "");
    let joins = [
        runner.send("join", r#""conn":"c""#),
        runner.send("join", r#""conn":"c""#),
    ];
    assert_eq!(runner.exec("shutdown", r#""conn":"c","block":true"#), "");
    for join in joins {
        assert_eq!(runner.outcome(join), r#""ended":"eof""#);
    }
}

#[test]
fn the_standard_handler() {
    let fake = Fake::default();
    let mut runner = Runner::new(fake.clone());
    runner.open("handler", r#","tick":"record","grace":0.05"#);
    let (handler, options) = fake.opened.lock().unwrap().take().unwrap();
    let handle = |rq_type, payload: &[u8]| handler.as_ref().unwrap()(rq_type, 7, payload.to_vec());
    assert_eq!(handle(0, b"x"), Ok(Reply::Nothing));
    assert_eq!(handle(1, b"x"), Ok(Reply::Flags(7)));
    assert_eq!(handle(2, b"\xff"), Ok(Reply::Bytes(vec![0xff])));
    assert_eq!(handle(3, "é".as_bytes()), Ok(Reply::Text("é".into())));
    assert_eq!(handle(4, b"x"), Ok(Reply::Both(7, b"x".to_vec())));
    assert_eq!(handle(7, b"ab"), Ok(Reply::Both(0x11, b"ba".to_vec())));
    assert_eq!(
        handle(8, b"252"),
        Ok(Reply::Bytes((0..252).map(|i| (i % 251) as u8).collect()))
    );
    assert_eq!(handle(9, b"hi"), Ok(Reply::Bytes(b"hi".to_vec())));
    assert_eq!(handle(10, b"float"), Ok(Reply::Invalid("float".into())));
    assert_eq!(handle(5, b"no"), Err("no".into()));
    for (rq_type, payload) in [(11, "".as_bytes()), (3, b"\xff"), (8, b"x"), (8, b"-1")] {
        assert!(handle(rq_type, payload).is_err());
    }
    assert!(runner
        .exec("seen", r#""conn":"c""#)
        .contains(r#"{"rq_type":"2","flags":"7","payload":"ff"}"#));
    assert_eq!(options.grace, Some(0.05));
    options.tick.unwrap()(&[0, 1]);
    assert_eq!(runner.exec("ticks", r#""conn":"c""#), r#""ticks":["0001"]"#);
}

#[test]
fn gates() {
    let fake = Fake::default();
    let mut runner = Runner::new(fake.clone());
    runner.open("gates", "");
    let handler = fake.opened.lock().unwrap().take().unwrap().0.unwrap();
    let hold = |gate: &'static str| {
        let handler = handler.clone();
        thread::spawn(move || handler(6, 0, gate.into()))
    };
    assert_eq!(runner.exec("release", r#""conn":"c","gate":"early""#), "");
    for _ in 0..2 {
        assert_eq!(hold("early").join().unwrap(), Ok(Reply::Bytes(b"early".to_vec())));
        // it stays open
    }
    let held = [hold("g"), hold("g")];
    let never = hold("never");
    assert_eq!(runner.exec("release", r#""conn":"c","gate":"g""#), "");
    for thread in held {
        assert!(thread.join().unwrap().is_ok());
    }
    assert_eq!(runner.exec("close", r#""conn":"c""#), "");
    assert!(never.join().unwrap().is_ok());
}

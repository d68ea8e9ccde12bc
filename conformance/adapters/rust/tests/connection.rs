//! Connections against a peer that writes and reads plain octets.

#![cfg(unix)]
#![allow(clippy::expect_used)] // a test may panic

use packetstream::{
    Answer, Connection, End, Error, Failure, Incoming, Kind, Options, Packet, Reply, Request,
    Requester, Streams,
};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// A `Peer` is the peer's end of a connection.
struct Peer {
    stream: UnixStream,
    read: Vec<u8>,
}

impl Peer {
    fn send(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).expect("the subject reads");
    }

    fn request(&mut self, tag: u128, wire_type: u128, payload: &[u8]) {
        let packet = Packet {
            kind: Kind::Request { wire_type },
            channel: 0,
            tag,
            flags: 0,
            payload: payload.to_vec(),
        };
        self.send(&packet.encode());
    }

    fn respond(&mut self, tag: u128, payload: &[u8]) {
        let packet = Packet {
            kind: Kind::Response,
            channel: 0,
            tag,
            flags: 1,
            payload: payload.to_vec(),
        };
        self.send(&packet.encode());
    }

    /// Waits for the next packet.
    fn receive(&mut self) -> Packet {
        loop {
            if let Ok((packet, length)) = Packet::decode(&self.read) {
                self.read.drain(..length);
                return packet;
            }
            let mut buffer = vec![0; 1 << 16];
            let length = self.stream.read(&mut buffer).expect("the subject writes");
            assert_ne!(length, 0, "the stream ended inside a packet");
            self.read.extend(&buffer[..length]);
        }
    }

    /// Waits for the end of the subject's stream, and checks that it is EOF and nothing else.
    fn expect_end(&mut self) {
        assert_eq!(self.receive(), Packet::EOF);
        assert!(self.read.is_empty());
        assert_eq!(self.stream.read(&mut [0]).expect("the stream ends"), 0);
    }
}

fn open(options: Options) -> (Connection, Peer) {
    let (near, far) = UnixStream::pair().expect("a pair of sockets");
    let streams = Streams::unix(near).expect("clones of a socket");
    let connection = Connection::new(streams, options.packet_grace(Duration::ZERO));
    let peer = Peer {
        stream: far,
        read: Vec::new(),
    };
    (connection.expect("threads"), peer)
}

/// Returns the payload: the handler of most tests.
#[allow(clippy::unnecessary_wraps)] // it has the type of a handler
fn echo(incoming: Incoming, _: &Requester) -> Result<Reply, Failure> {
    Ok(incoming.payload.into())
}

fn ok(payload: &[u8]) -> Answer {
    Answer::Ok {
        flags: 0,
        value: payload.to_vec(),
    }
}

/// A `Gate` is where handlers wait until the test opens it.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn open(&self) {
        *self.0.0.lock().expect("no panic") = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let open = self.0.0.lock().expect("no panic");
        drop(self.0.1.wait_while(open, |open| !*open));
    }
}

#[test]
fn speaks_the_example_of_the_specification() {
    let (subject, mut peer) = open(Options::new().handler(|incoming, requester| {
        assert_eq!((incoming.rq_type, incoming.arrival), (2, 1));
        requester.call(Request::new(0).flags(5))?;
        Ok(incoming.payload.into())
    }));
    peer.send(b"\x05\x01\x02\x03hi");
    assert_eq!(peer.receive().encode(), b"\x03\x01\x16\x01");
    peer.send(b"\x02\x01\x04");
    assert_eq!(peer.receive().encode(), b"\x04\x01\x04hi");
    peer.send(b"\x03\x00\x02\x00");
    peer.expect_end();
    assert_eq!(subject.join(), End::Eof);
}

#[test]
fn answers_64_nested_requests_in_reverse() {
    let (_subject, mut peer) = open(Options::new().handler(|incoming, requester| {
        match requester.call(Request::new(2).payload(incoming.payload))? {
            Answer::Ok { value, .. } => Ok(value.into()),
            Answer::Failure { .. } => Err(Failure::default()),
        }
    }));
    for tag in 1..=64 {
        peer.request(tag, 10, &[u8::try_from(tag).expect("small")]);
    }
    let nested: Vec<Packet> = (1..=64).map(|_| peer.receive()).collect();
    for packet in nested.iter().rev() {
        peer.respond(packet.tag, &packet.payload);
        let answer = peer.receive();
        assert_eq!(answer.payload, packet.payload);
        assert_eq!(answer.tag, u128::from(packet.payload[0]));
    }
}

#[test]
fn survives_a_handler_that_panics() {
    let (_subject, mut peer) = open(Options::new().handler(|incoming, requester| {
        assert_ne!(incoming.rq_type, 0, "this panic is part of the test");
        echo(incoming, requester)
    }));
    peer.request(1, 1, b"");
    assert_eq!(peer.receive().flags, 0);
    peer.request(1, 2, b"x");
    assert_eq!(peer.receive().payload, b"x");
}

#[test]
fn closes_while_everything_waits() {
    let gate = Gate::default();
    let at_gate = gate.clone();
    let (subject, mut peer) = open(Options::new().handler(move |incoming, requester| {
        requester.request(Request::new(1))?;
        at_gate.pass();
        echo(incoming, requester)
    }));
    let call = subject.request(Request::new(0)).expect("open");
    peer.request(1, 1, b"");
    assert_eq!(peer.receive().tag, 1);
    assert_eq!(peer.receive().tag, 2); // now a handler waits
    subject.close();
    subject.close();
    assert_eq!(subject.join(), End::Closed);
    assert!(matches!(call.wait(), Err(Error::Cancelled)));
    assert!(matches!(
        subject.request(Request::new(0)),
        Err(Error::Closed)
    ));
    subject.shutdown_and_wait();
    // The socket is closed while the handler still waits, and no EOF was sent.
    assert_eq!(peer.stream.read(&mut [0]).expect("the stream ends"), 0);
    gate.open();
}

#[test]
fn closes_while_the_peer_does_not_read() {
    let (subject, _peer) = open(Options::new());
    let _call = subject.request(Request::new(0).payload(vec![0; 8 << 20]));
    subject.close();
    assert_eq!(subject.join(), End::Closed);
}

#[test]
fn receives_while_the_peer_does_not_read() {
    let (_subject, mut peer) = open(Options::new().handler(echo));
    let payload = vec![7; 1 << 20];
    for tag in 1..=40 {
        peer.request(tag, 1, &payload);
    }
    let mut tags: Vec<u128> = (1..=40).map(|_| peer.receive().tag).collect();
    tags.sort_unstable();
    assert!(tags.into_iter().eq(1..=40));
}

#[test]
fn goes_on_above_the_memory_limit_for_the_answers_that_handlers_wait_for() {
    let (_subject, mut peer) = open(Options::new().memory_limit(10_000).max_handlers(1).handler(
        |incoming, requester| {
            requester.call(Request::new(0))?;
            echo(incoming, requester)
        },
    ));
    for tag in 1..=3 {
        peer.request(tag, 1, &[0; 7000]);
    }
    for tag in 1..=3 {
        let nested = peer.receive();
        assert_eq!(nested.kind, Kind::Request { wire_type: 1 });
        peer.respond(nested.tag, b"");
        assert_eq!(peer.receive().tag, tag);
    }
}

#[test]
fn ends_the_stream_of_a_peer_that_sends_too_much() {
    let gate = Gate::default();
    let at_gate = gate.clone();
    let (subject, mut peer) = open(Options::new().memory_limit(10_000).handler(
        move |incoming, requester| {
            at_gate.pass();
            echo(incoming, requester)
        },
    ));
    for tag in 1..=7 {
        peer.request(tag, 1, &[0; 7000]);
    }
    assert_eq!(subject.join(), End::Overloaded);
    gate.open();
    for _ in 1..=6 {
        assert_eq!(peer.receive().payload.len(), 7000);
    }
    peer.expect_end();
}

#[test]
fn requesting_waits_while_the_peer_does_not_read() {
    let (subject, mut peer) = open(Options::new().memory_limit(1 << 20));
    let requester = subject.requester();
    let requesting = std::thread::spawn(move || {
        for _ in 0..40 {
            requester.request(Request::new(0).payload(vec![1; 1 << 19]))?;
        }
        Ok::<_, Error>(())
    });
    for tag in 1..=40 {
        assert_eq!(peer.receive().tag, tag);
    }
    assert!(requesting.join().expect("no panic").is_ok());
}

#[test]
fn refuses_duplicates_and_uses_tags_again() {
    let gate = Gate::default();
    let at_gate = gate.clone();
    let (_subject, mut peer) = open(Options::new().handler(move |incoming, requester| {
        at_gate.pass();
        echo(incoming, requester)
    }));
    for payload in [b"a", b"b", b"c"] {
        peer.request(5, 1, payload);
    }
    for _ in 0..2 {
        let refusal = peer.receive();
        assert_eq!((refusal.tag, refusal.flags & 1), (5, 0));
    }
    gate.open();
    assert_eq!(peer.receive().payload, b"a");
    peer.request(5, 1, b"d");
    assert_eq!(peer.receive().payload, b"d");
}

#[test]
fn delivers_late_answers_after_a_shutdown() {
    let (subject, mut peer) = open(Options::new());
    let answered = subject.request(Request::new(0)).expect("open");
    let cancelled = subject.request(Request::new(0)).expect("open");
    subject.shutdown();
    assert_eq!((peer.receive().tag, peer.receive().tag), (1, 2));
    peer.expect_end();
    let answered = answered
        .wait_timeout(Duration::ZERO)
        .expect_err("too early");
    peer.respond(1, b"late");
    assert_eq!(answered.wait().expect("an answer"), ok(b"late"));
    peer.send(&Packet::EOF.encode());
    assert!(matches!(cancelled.wait(), Err(Error::Cancelled)));
    subject.shutdown_and_wait();
}

#[test]
fn shuts_down_when_it_is_dropped() {
    let (subject, mut peer) = open(Options::new());
    let call = subject.request(Request::new(3)).expect("open");
    drop(subject);
    assert_eq!(peer.receive().tag, 1);
    peer.expect_end();
    peer.respond(1, b"x");
    assert_eq!(call.wait().expect("an answer"), ok(b"x"));
}

#[test]
fn reports_how_the_stream_ended() {
    for (octets, end) in [
        (&b"\x03\x00\x02\x00"[..], "Eof"),
        (b"\x04\x80\x00\x02\x00", "Eof"),
        (b"", "Cut"),
        (b"\x05\x01", "Cut"),
        (b"\x01\x00", "Malformed"),
        (b"\x03\x01\x02\x00", "Malformed"),
        (b"\xff\xff\xff\x7f\x01\x04", "Malformed"),
    ] {
        let (subject, mut peer) = open(Options::new());
        peer.send(octets);
        let shut = peer.stream.shutdown(std::net::Shutdown::Write);
        assert!(
            format!("{:?}", subject.join()).starts_with(end),
            "{octets:02x?}"
        );
        drop(shut); // it fails if the subject has ended first
        peer.expect_end();
    }
}

#[test]
fn refuses_requests_that_it_cannot_send() {
    let (subject, mut peer) = open(Options::new());
    assert!(matches!(
        subject.request(Request::new(u128::MAX)),
        Err(Error::Invalid(_))
    ));
    let call = subject.request(Request::new(u128::MAX - 1).flags(u128::MAX));
    assert!(call.is_ok());
    let packet = peer.receive();
    assert_eq!((packet.tag, packet.flags), (1, u128::MAX));
}

/// Random octets, and packets of random fields, end by a verdict and never by a panic or a wait.
#[test]
fn survives_random_streams() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for _ in 0..200 {
        let (subject, mut peer) = open(Options::new().handler(echo));
        let mut octets = Vec::new();
        for _ in 0..random(30) {
            if random(8) == 0 {
                octets.push(u8::try_from(random(256)).expect("a byte"));
                continue;
            }
            let packet = Packet {
                kind: match random(3) {
                    0 => Kind::Response,
                    _ => Kind::Request {
                        wire_type: random(4).into(),
                    },
                },
                channel: (random(4) / 3).into(),
                tag: random(4).into(),
                flags: random(3).into(),
                payload: vec![0; usize::try_from(random(20)).expect("small")],
            };
            packet.encode_to(&mut octets);
        }
        // The subject may stop reading before the end.
        let _ = peer.stream.write_all(&octets);
        let _ = peer.stream.shutdown(std::net::Shutdown::Write);
        let _ = subject.join();
        while peer.receive() != Packet::EOF {}
    }
}

#[test]
fn two_connections_that_both_send_much_do_not_wait_for_each_other() {
    let (near, far) = UnixStream::pair().expect("a pair of sockets");
    let [a, b] = [near, far].map(|stream| {
        let streams = Streams::unix(stream).expect("clones of a socket");
        Connection::new(streams, Options::new().handler(echo)).expect("threads")
    });
    std::thread::scope(|scope| {
        for connection in [&a, &b] {
            scope.spawn(move || {
                let payload = vec![3; 300_000];
                let calls: Vec<_> = (0..100)
                    .map(|_| connection.request(Request::new(0).payload(payload.clone())))
                    .collect();
                for call in calls {
                    let answer = call.expect("open").wait().expect("an answer");
                    assert!(answer == ok(&payload));
                }
            });
        }
    });
    a.shutdown_and_wait();
    b.shutdown_and_wait();
    assert_eq!((a.join(), b.join()), (End::Eof, End::Eof));
}

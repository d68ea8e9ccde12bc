//! What the adapter and the implementation pass to each other.

#![allow(dead_code)] // an implementation uses what it needs

use std::fs::File;
use std::sync::Arc;

/// The kind of an error in a reply; the adapter guide says when each is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The implementation cannot do this, or the adapter does not call it yet.
    Unsupported,
    /// The implementation refuses a value, such as a negative type or a channel.
    Invalid,
    /// The connection is shut down.
    Closed,
    /// The peer's stream ended before the answer.
    Cancelled,
    /// The response decoder failed.
    Decode,
    /// The octets are the beginning of a packet, and stop too soon.
    Incomplete,
    /// The octets are refused for any other reason.
    Malformed,
    /// Anything else.
    Internal,
}

/// The reply that a command failed.
#[derive(Clone, Debug)]
pub struct Error {
    pub kind: Kind,
    pub message: String,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: message.into(),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::new(Kind::Internal, error.to_string())
    }
}

/// A packet with the values on the wire. A response has no type.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    pub is_request: bool,
    pub channel: i128,
    pub tag: i128,
    pub flags: i128,
    pub rq_type: Option<i128>,
    pub payload: Vec<u8>,
}

/// Returns the decoded payload of a response.
pub type Decoder = Box<dyn FnOnce(i128, Vec<u8>) -> Result<Vec<u8>, Error> + Send>;

/// A request of the local user. Its type is one less than on the wire.
pub struct Request {
    pub rq_type: i128,
    pub flags: i128,
    pub channel: i128,
    pub payload: Vec<u8>,
    pub decode: Option<Decoder>,
}

/// The peer's answer. Its flags are without the ok bit.
#[derive(Debug, PartialEq)]
pub struct Response {
    pub ok: bool,
    pub flags: i128,
    pub payload: Vec<u8>,
}

/// What a handler returns.
#[derive(Debug, PartialEq)]
pub enum Reply {
    Nothing,
    Flags(i128),
    Bytes(Vec<u8>),
    Text(String),
    Both(i128, Vec<u8>),
    /// A result of no valid form, only with the ability invalid-reply: its name in the adapter guide.
    Invalid(String),
}

/// Gets the type (one less than on the wire), the flags and the payload of a request. Its error is the
/// failure of the request. It may wait, so each call needs a thread of its own.
pub type Handler = Arc<dyn Fn(i128, i128, Vec<u8>) -> Result<Reply, String> + Send + Sync>;

/// Called with each tick.
pub type Tick = Box<dyn Fn(&[u8]) + Send + Sync>;

/// How a connection is opened.
pub struct Options {
    /// In seconds; none: the implementation's default.
    pub grace: Option<f64>,
    /// None: ticks are not recorded.
    pub tick: Option<Tick>,
    /// Ticks go to the standard error.
    pub tick_stderr: bool,
    pub name: Option<String>,
}

/// A request that was submitted.
pub trait Call: Send {
    /// Waits for the answer: `Cancelled` if the peer's stream ends first, `Decode` if the decoder fails.
    fn wait(self: Box<Self>) -> Result<Response, Error>;
}

/// A connection of the implementation. Several threads call its methods, which may block, except `close`.
pub trait Connection: Send + Sync {
    /// Submits a request, without waiting for its answer: `Closed` or `Invalid` if it is refused.
    fn request(&self, request: Request) -> Result<Box<dyn Call>, Error>;
    /// Returns when the implementation's call returns.
    fn shutdown(&self, block: bool) -> Result<(), Error>;
    /// Waits for the end of the peer's stream: eof, cut or malformed, or none if unknown.
    fn join(&self) -> Result<Option<String>, Error>;
    /// Abandons the connection in any state, without waiting. Threads blocked on the pipes end soon.
    fn close(&self);
}

/// The implementation under test.
pub trait Implementation: Send + Sync + 'static {
    fn name(&self) -> &str;
    fn release(&self) -> &str;
    fn abilities(&self) -> &[&str];
    /// Returns the octets of a packet: `Invalid` for a value that the implementation refuses.
    fn encode(&self, packet: Packet) -> Result<Vec<u8>, Error>;
    /// Returns the first packet, and how many octets it took: `Incomplete` or `Malformed`.
    fn decode(&self, octets: &[u8]) -> Result<(Packet, usize), Error>;
    /// Compares two packets: the ability equal.
    fn equal(&self, a: Packet, b: Packet) -> Result<bool, Error>;
    /// Returns the text form of a packet: the ability string.
    fn text(&self, packet: Packet) -> Result<String, Error>;
    /// Starts a connection over two pipes. No handler means that it has none.
    fn open(
        &self,
        recv: File,
        send: File,
        handler: Option<Handler>,
        options: Options,
    ) -> Result<Arc<dyn Connection>, Error>;
}

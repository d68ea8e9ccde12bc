//! The API of a connection, and its options.

use crate::handler::{Failure, Handler, Incoming, Reply};
use crate::request::{Answer, Call, Error, Request};
use crate::state::Shared;
use crate::streams::Streams;
use crate::{receive, send};
use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;

/// How long [`Connection::close`] waits for the streams to end.
const CLOSING: Duration = Duration::from_secs(1);

/// A `TickFunction` is called with the octets of each tick.
pub type TickFunction = dyn Fn(&[u8]) + Send + Sync;

/// A `Tick` is called for each packet that a connection receives or sends (section 10).
#[derive(Default)]
pub enum Tick {
    /// Nothing is called.
    #[default]
    None,
    /// Writes `<` to the standard error for a packet received, and `>` for one sent.
    Stderr,
    /// Calls a function with these octets. It may run in two threads at once. If it panics, the
    /// connection goes on.
    Function(Box<TickFunction>),
}

impl Tick {
    pub(crate) fn call(&self, octets: &[u8]) {
        match self {
            Tick::None => {}
            Tick::Stderr => {
                let _ = io::stderr().write_all(octets);
            }
            Tick::Function(function) => {
                let _ = catch_unwind(AssertUnwindSafe(|| function(octets)));
            }
        }
    }
}

/// The `Options` of a connection.
///
/// ```
/// use packetstream::{Failure, Options, Reply};
/// use std::time::Duration;
///
/// let options = Options::new()
///     .handler(|request, _| match request.rq_type {
///         0 => Ok(Reply::Nothing),
///         1 => Ok(String::from_utf8(request.payload)?.to_uppercase().into()),
///         other => Err(Failure::new(format!("no type {other}"))),
///     })
///     .packet_grace(Duration::ZERO);
/// # let _ = options;
/// ```
pub struct Options {
    pub(crate) handler: Option<Box<Handler>>,
    pub(crate) packet_grace: Duration,
    pub(crate) tick: Tick,
    pub(crate) max_payload: usize,
    pub(crate) max_handlers: usize,
    pub(crate) memory_limit: usize,
    name: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            handler: None,
            packet_grace: Duration::from_millis(10),
            tick: Tick::None,
            max_payload: 16 << 20,
            max_handlers: 64,
            memory_limit: 64 << 20,
            name: String::new(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("name", &self.name)
            .field("handler", &self.handler.is_some())
            .field("packet_grace", &self.packet_grace)
            .field("max_payload", &self.max_payload)
            .field("max_handlers", &self.max_handlers)
            .field("memory_limit", &self.memory_limit)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// Returns the default options: no handler, a grace of 10 ms, no tick.
    #[must_use]
    pub fn new() -> Self {
        Options::default()
    }

    /// Sets the function that answers the peer's requests. Without one, each is refused.
    ///
    /// It runs in several threads at once. The connection answers every request that it passes to
    /// the function: with its result, with the failure that it returns, or with a failure if it
    /// panics. The function may request of the peer, through its second argument, and wait.
    #[must_use]
    pub fn handler(
        mut self,
        handler: impl Fn(Incoming, &Requester) -> Result<Reply, Failure> + Send + Sync + 'static,
    ) -> Self {
        self.handler = Some(Box::new(handler));
        self
    }

    /// Sets how long the sender waits for more packets before it flushes; 10 ms by default, and an
    /// hour at most.
    #[must_use]
    pub fn packet_grace(mut self, grace: Duration) -> Self {
        self.packet_grace = grace.min(Duration::from_secs(3600)); // a deadline never overflows
        self
    }

    /// Sets what is called for each packet; nothing by default.
    #[must_use]
    pub fn tick(mut self, tick: Tick) -> Self {
        self.tick = tick;
        self
    }

    /// Sets the name of the connection. The names of its threads contain it.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self.name.retain(|character| character != '\0'); // no name of a thread may contain it
        self
    }

    /// Sets the longest payload that is received, in octets; 16 MiB by default. A packet with a
    /// longer one is malformed. The specification asks for at least 1 MiB (BAD-4).
    #[must_use]
    pub fn max_payload(mut self, octets: usize) -> Self {
        self.max_payload = octets;
        self
    }

    /// Sets how many handlers run at once; 64 by default. The specification asks for at least 64
    /// that wait for the peer (BID-3). Further requests wait until one returns.
    #[must_use]
    pub fn max_handlers(mut self, handlers: usize) -> Self {
        self.max_handlers = handlers.max(1);
        self
    }

    /// Sets how much the connection may hold for the peer, in bytes; 64 MiB by default.
    ///
    /// The peer's requests count until they are answered, and responses until they are sent. Above
    /// the limit the receiver pauses. If nothing is released within a second, it goes on, because
    /// handlers may wait for what is still to come; at four times the limit it ends the peer's
    /// stream ([`End::Overloaded`]). Local requests that cannot be sent have a limit of the same
    /// size: above it, requesting waits.
    #[must_use]
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = bytes;
        self
    }

    /// Starts a thread of the connection.
    pub(crate) fn spawn(&self, role: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
        thread::Builder::new()
            .name(format!("{role} {}", self.name))
            .spawn(body)
            .map(drop)
    }
}

/// An `End` says how the peer's stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// By the EOF packet.
    Eof,
    /// The octets stopped, or reading failed, without EOF or inside a packet.
    Cut,
    /// By malformed input; the text says what was wrong.
    Malformed(&'static str),
    /// The peer sent more than the memory limit allows to hold.
    Overloaded,
    /// The local user closed the connection.
    Closed,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Eof => f.write_str("EOF"),
            End::Cut => f.write_str("the stream was cut"),
            End::Malformed(why) => write!(f, "malformed input: {why}"),
            End::Overloaded => f.write_str("the peer sent more than can be held"),
            End::Closed => f.write_str("the connection was closed"),
        }
    }
}

/// A `Connection` is one end of a packet stream.
///
/// All its methods may be called from several threads at once. Dropping it shuts it down without
/// waiting, as [`shutdown`](Self::shutdown) does. Then its threads end when the peer ends its stream.
///
/// ```
/// use packetstream::{Answer, Connection, Options, Request, Streams};
/// use std::os::unix::net::UnixStream;
///
/// let (near, far) = UnixStream::pair()?;
/// let server = Connection::new(
///     Streams::unix(far)?,
///     Options::new().handler(|request, _| Ok(format!("you asked for {}", request.rq_type).into())),
/// )?;
/// let client = Connection::new(Streams::unix(near)?, Options::new())?;
///
/// let answer = client.call(Request::new(7).payload("hello"))?;
/// assert_eq!(answer, Answer::Ok { flags: 0, value: b"you asked for 7".to_vec() });
///
/// client.shutdown_and_wait();
/// server.join();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Connection {
    requester: Requester,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.requester.fmt(f)
    }
}

impl Connection {
    /// Starts a connection over two streams.
    ///
    /// # Errors
    ///
    /// The error of the system if it gives no thread.
    pub fn new(streams: Streams, options: Options) -> io::Result<Self> {
        let Streams {
            reader,
            writer,
            closer,
        } = streams;
        let shared = Arc::new(Shared::new(options, closer));
        let connection = Connection {
            requester: Requester::of(&shared),
        };
        let for_sender = Arc::clone(&shared);
        let for_receiver = Arc::clone(&shared);
        shared
            .options
            .spawn("sender", move || send::run(&for_sender, writer))?;
        let receiver = shared
            .options
            .spawn("receiver", move || receive::run(&for_receiver, reader));
        if receiver.is_err() {
            shared.end_peer(End::Cut); // its reader was dropped
            connection.close();
        }
        receiver.map(|()| connection)
    }

    /// Submits a request, and returns the call that waits for its answer. See
    /// [`Requester::request`].
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] after a shutdown, and [`Error::Invalid`] if the request cannot be sent.
    pub fn request(&self, request: Request) -> Result<Call, Error> {
        self.requester.request(request)
    }

    /// Submits a request, and waits for its answer.
    ///
    /// # Errors
    ///
    /// Those of [`request`](Self::request) and of [`Call::wait`].
    pub fn call(&self, request: Request) -> Result<Answer, Error> {
        self.requester.call(request)
    }

    /// Returns a handle that makes requests, for other threads to own.
    #[must_use]
    pub fn requester(&self) -> Requester {
        self.requester.clone()
    }

    /// Ends the local stream, and does not wait.
    ///
    /// Local requests are refused from now on. Those that were submitted are sent, the accepted
    /// requests of the peer are answered, and then EOF is sent. Answers to pending requests are
    /// delivered until the peer's stream ends.
    pub fn shutdown(&self) {
        self.requester.shared.shut_down();
    }

    /// Ends the local stream, and waits until EOF has been sent and no request is pending.
    ///
    /// It does not wait for EOF if the peer has closed its receiving end. A handler must not call
    /// it: it would wait for its own answer.
    pub fn shutdown_and_wait(&self) {
        let shared = &self.requester.shared;
        shared.shut_down();
        drop(shared.wait_while(shared.lock(), |state| {
            !(state.closed || state.local_ended && state.pending.is_empty())
        }));
    }

    /// Waits until the peer's stream has ended, and reports how.
    #[must_use = "the peer's stream may have ended by malformed input"]
    pub fn join(&self) -> End {
        let shared = &self.requester.shared;
        let mut state = shared.lock();
        loop {
            match state.end {
                Some(end) => return end,
                None => state = shared.wait_while(state, |state| state.end.is_none()),
            }
        }
    }

    /// Ends the connection at once, in whatever state it is.
    ///
    /// Pending requests are cancelled, and nothing more is sent, not even EOF. Handlers that run go
    /// on, and their results are dropped. If the streams have a closer, it ends what blocks on them,
    /// and the method waits until both streams were dropped, for at most a second.
    pub fn close(&self) {
        let shared = &self.requester.shared;
        let mut state = shared.lock();
        if state.closed {
            return;
        }
        state.closed = true;
        state.shut = true;
        state.seal();
        let cancelled = std::mem::take(&mut state.pending);
        let jobs = std::mem::take(&mut state.queue);
        let closer = state.closer.take();
        drop(state);
        drop((cancelled, jobs));
        shared.notify_all();
        if let Some(closer) = closer {
            closer();
            let _ = shared
                .changed
                .wait_timeout_while(shared.lock(), CLOSING, |state| !state.over())
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// A `Requester` makes requests on a connection. Handlers get one, to request of the peer.
///
/// It may be cloned, and does not keep the connection open.
#[derive(Clone)]
pub struct Requester {
    shared: Arc<Shared>,
}

impl fmt::Debug for Requester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("Connection")
            .field("options", &self.shared.options)
            .field("shut", &state.shut)
            .field("end", &state.end)
            .field("pending", &state.pending.len())
            .field("in_flight", &state.in_flight.len())
            .finish_non_exhaustive()
    }
}

impl Requester {
    pub(crate) fn of(shared: &Arc<Shared>) -> Self {
        Requester {
            shared: Arc::clone(shared),
        }
    }

    /// Submits a request, and returns the call that waits for its answer.
    ///
    /// Requests leave in the order in which they were submitted. The method waits only while the
    /// peer does not read and local requests fill the [memory limit](Options::memory_limit).
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] after a shutdown, and [`Error::Invalid`] if the request cannot be sent.
    pub fn request(&self, request: Request) -> Result<Call, Error> {
        self.shared.submit(request)
    }

    /// Submits a request, and waits for its answer.
    ///
    /// # Errors
    ///
    /// Those of [`request`](Self::request) and of [`Call::wait`].
    pub fn call(&self, request: Request) -> Result<Answer, Error> {
        self.request(request)?.wait()
    }
}

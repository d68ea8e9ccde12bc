//! The packet stream protocol of Python's `cs.packetstream`: requests and responses in both
//! directions at once, multiplexed by tag, over a pair of byte streams.
//!
//! A [`Connection`] is one end. It takes two [`Streams`], such as those of a socket, and
//! [`Options`], such as the handler that answers the peer's requests:
//!
//! ```
//! use packetstream::{Answer, Connection, Options, Request, Streams};
//! use std::net::{TcpListener, TcpStream};
//! use std::thread;
//!
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let address = listener.local_addr()?;
//! let server = thread::spawn(move || -> std::io::Result<_> {
//!     let (stream, _) = listener.accept()?;
//!     let options = Options::new().handler(|request, _| Ok(request.payload.into()));
//!     Ok(Connection::new(Streams::tcp(stream)?, options)?.join())
//! });
//!
//! let stream = TcpStream::connect(address)?;
//! let client = Connection::new(Streams::tcp(stream)?, Options::new())?;
//! let calls: Vec<_> = ["one", "two"]
//!     .into_iter()
//!     .map(|text| client.request(Request::new(2).payload(text)))
//!     .collect::<Result<_, _>>()?;
//! for (call, text) in calls.into_iter().zip(["one", "two"]) {
//!     assert_eq!(call.wait()?, Answer::Ok { flags: 0, value: text.into() });
//! }
//! client.shutdown_and_wait();
//! # assert_eq!(server.join().unwrap()?, packetstream::End::Eof);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Packet`] is the codec alone.
//!
//! # What it promises
//!
//! * No panic, whatever the peer sends, and no memory for octets that have only been announced. A
//!   connection holds a bounded number of bytes for its peer: [`Options::memory_limit`].
//! * It goes on receiving while handlers run and while the peer does not read. So up to
//!   [`Options::max_handlers`] handlers may wait for the peer, and two peers that both send much do
//!   not wait for each other.
//! * [`Connection::close`] ends it in any state.
//! * No unsafe code, and no dependency.
//!
//! A connection runs two threads, and one for each handler that runs. Integers have 128 bits: flags,
//! tags, channels and types. A packet with a wider one is malformed.
//!
//! The names in brackets, such as RSP-1 and BID-3, are requirements of the specification.

/// The examples of the README, to be tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod connection;
#[cfg(unix)]
mod fifo;
mod handler;
mod integer;
mod packet;
mod read;
mod receive;
mod request;
mod send;
mod state;
mod streams;
mod work;

pub use connection::{Connection, End, Options, Requester, Tick, TickFunction};
pub use handler::{Failure, Incoming, Reply};
pub use packet::{Kind, Packet};
pub use read::ReadError;
pub use request::{Answer, BoxError, Call, Error, Request};
pub use streams::Streams;

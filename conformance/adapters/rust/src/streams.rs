//! The pair of byte streams of a connection, and the means to end them.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

/// A function that makes reads and writes that wait on a pair of streams return.
pub(crate) type Closer = Box<dyn FnOnce() + Send>;

/// A `Streams` holds the two byte streams of one connection.
///
/// The reader and the writer block: the connection has a thread for each. It drops the writer after
/// its last octet, which must end the stream for the peer (EOS-7), and it drops the reader when the
/// peer's stream has ended.
///
/// A *closer* makes the calls return that block on the streams.
/// [`Connection::close`](crate::Connection::close) needs one to end a connection whose peer is
/// silent; no safe function of the standard library interrupts a read of an arbitrary stream.
/// [`tcp`](Self::tcp), `unix` and `fifos` have one.
pub struct Streams {
    pub(crate) reader: Box<dyn Read + Send>,
    pub(crate) writer: Box<dyn Write + Send>,
    pub(crate) closer: Option<Closer>,
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams")
            .field("closer", &self.closer.is_some())
            .finish_non_exhaustive()
    }
}

impl Streams {
    /// Makes a pair of any two streams, without a closer.
    ///
    /// Without one, a closed connection keeps a thread and a stream until the call that blocks on it
    /// returns.
    pub fn new(reader: impl Read + Send + 'static, writer: impl Write + Send + 'static) -> Self {
        Streams {
            reader: Box::new(reader),
            writer: Box::new(writer),
            closer: None,
        }
    }

    /// Returns the pair with a closer.
    ///
    /// The connection calls it at most once, and drops it when both streams have ended.
    #[must_use]
    pub fn with_closer(mut self, closer: impl FnOnce() + Send + 'static) -> Self {
        self.closer = Some(Box::new(closer));
        self
    }

    /// Makes a pair of both directions of a TCP connection.
    ///
    /// # Errors
    ///
    /// The error of the system if the socket cannot be cloned.
    pub fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?; // the connection gathers packets itself
        let closer = stream.try_clone()?;
        Ok(
            Streams::new(stream.try_clone()?, HalfClose(stream, TcpStream::shutdown)).with_closer(
                move || {
                    let _ = closer.shutdown(Shutdown::Both);
                },
            ),
        )
    }

    /// Makes a pair of both directions of a Unix-domain socket.
    ///
    /// # Errors
    ///
    /// The error of the system if the socket cannot be cloned.
    #[cfg(unix)]
    pub fn unix(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        use std::os::unix::net::UnixStream;
        let closer = stream.try_clone()?;
        Ok(
            Streams::new(stream.try_clone()?, HalfClose(stream, UnixStream::shutdown)).with_closer(
                move || {
                    let _ = closer.shutdown(Shutdown::Both);
                },
            ),
        )
    }

    /// Opens two named pipes: `recv` for reading first, and then `send` for writing.
    ///
    /// Each opening waits until another process has opened the other end.
    ///
    /// # Errors
    ///
    /// The error of the system if a pipe cannot be opened.
    #[cfg(unix)]
    pub fn fifos(
        recv: impl AsRef<std::path::Path>,
        send: impl AsRef<std::path::Path>,
    ) -> io::Result<Self> {
        let (reader, writer, closer) = crate::fifo::open(recv.as_ref(), send.as_ref())?;
        Ok(Streams::new(reader, writer).with_closer(move || closer.close()))
    }
}

/// A `HalfClose` is the writing half of a socket. Dropping it shuts that half down.
struct HalfClose<S>(S, fn(&S, Shutdown) -> io::Result<()>);

impl<S: Write> Write for HalfClose<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S> Drop for HalfClose<S> {
    fn drop(&mut self) {
        let _ = self.1(&self.0, Shutdown::Write);
    }
}

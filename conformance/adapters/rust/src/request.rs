//! Local requests: what the local user asks the peer, and what comes back.

use std::fmt;
use std::sync::mpsc;
use std::time::Duration;

/// The error of a handler or a decoder, of any type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A `Request` holds what the local user requests of the peer.
///
/// ```
/// use packetstream::Request;
///
/// let request = Request::new(7).flags(3).payload("hello");
/// # assert_eq!(format!("{request:?}").len() > 0, true);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub(crate) rq_type: u128,
    pub(crate) channel: u128,
    pub(crate) flags: u128,
    pub(crate) payload: Vec<u8>,
}

impl Request {
    /// Makes a request of type `rq_type`, on channel 0, with flags 0 and an empty payload.
    #[must_use]
    pub fn new(rq_type: u128) -> Self {
        Request {
            rq_type,
            ..Request::default()
        }
    }

    /// Sets the flags.
    #[must_use]
    pub fn flags(mut self, flags: u128) -> Self {
        self.flags = flags;
        self
    }

    /// Sets the payload.
    #[must_use]
    pub fn payload(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.payload = payload.into();
        self
    }

    /// Sets the channel. This library serves channel 0 alone; other implementations may serve more.
    #[must_use]
    pub fn channel(mut self, channel: u128) -> Self {
        self.channel = channel;
        self
    }
}

/// An `Answer` is the peer's response to a request.
///
/// `T` is a vector of octets, or what a decoder made of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T = Vec<u8>> {
    /// The handler of the peer returned a result.
    Ok {
        /// The handler's flags, without the ok bit.
        flags: u128,
        /// The payload, or what the decoder returned for it.
        value: T,
    },
    /// The peer refused the request, or its handler failed.
    Failure {
        /// The flags, without the ok bit.
        flags: u128,
        /// The payload, unchanged.
        payload: Vec<u8>,
    },
}

/// An `Error` says why a request has no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The connection is shut down, or can send no more. Nothing of the request was sent.
    Closed,
    /// The peer's stream ended before the answer.
    Cancelled,
    /// The request cannot be sent; the text says why. It used no tag.
    Invalid(&'static str),
    /// The decoder failed.
    Decode(BoxError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Closed => f.write_str("the connection is shut down"),
            Error::Cancelled => f.write_str("the peer's stream ended before the answer"),
            Error::Invalid(why) => write!(f, "invalid request: {why}"),
            Error::Decode(error) => write!(f, "decoding the answer: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Decode(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

/// A `Call` is a request that was submitted.
///
/// Dropping it discards the answer. The request stays pending nevertheless, since the peer goes on
/// to answer it.
#[derive(Debug)]
pub struct Call {
    pub(crate) answer: mpsc::Receiver<Answer>,
}

impl Call {
    /// Waits for the answer, and returns it.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] if the peer's stream ends first, or the connection is closed.
    pub fn wait(self) -> Result<Answer, Error> {
        // The connection drops the sender of a request that it cancels.
        self.answer.recv().map_err(|_| Error::Cancelled)
    }

    /// Waits for the answer, for at most `limit`. It returns the call itself if none came in time.
    ///
    /// # Errors
    ///
    /// The call, to wait for it again.
    pub fn wait_timeout(self, limit: Duration) -> Result<Result<Answer, Error>, Call> {
        match self.answer.recv_timeout(limit) {
            Ok(answer) => Ok(Ok(answer)),
            Err(mpsc::RecvTimeoutError::Disconnected) => Ok(Err(Error::Cancelled)),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(self),
        }
    }

    /// Waits for the answer and, if it is ok, calls `decoder` with its flags and payload. What that
    /// returns takes the place of the payload.
    ///
    /// ```
    /// # use packetstream::{Answer, BoxError, Connection, Options, Request, Streams};
    /// # use std::os::unix::net::UnixStream;
    /// # let (near, far) = UnixStream::pair()?;
    /// # let peer = Connection::new(
    /// #     Streams::unix(far)?,
    /// #     Options::new().handler(|request, _| Ok(request.payload.into())),
    /// # )?;
    /// # let connection = Connection::new(Streams::unix(near)?, Options::new())?;
    /// let call = connection.request(Request::new(7).payload("42"))?;
    /// let answer = call.wait_decoded(|_flags, payload| -> Result<u32, BoxError> {
    ///     Ok(String::from_utf8(payload)?.parse()?)
    /// })?;
    /// assert_eq!(answer, Answer::Ok { flags: 0, value: 42 });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`wait`](Self::wait), and [`Error::Decode`] if the decoder fails.
    pub fn wait_decoded<T, E>(
        self,
        decoder: impl FnOnce(u128, Vec<u8>) -> Result<T, E>,
    ) -> Result<Answer<T>, Error>
    where
        E: Into<BoxError>,
    {
        Ok(match self.wait()? {
            Answer::Ok { flags, value } => Answer::Ok {
                flags,
                value: decoder(flags, value).map_err(|error| Error::Decode(error.into()))?,
            },
            Answer::Failure { flags, payload } => Answer::Failure { flags, payload },
        })
    }
}

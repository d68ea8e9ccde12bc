//! The peer's requests: what a handler gets, and what it may return.

use crate::connection::Requester;
use crate::packet::{Kind, Packet};

/// The function that answers the peer's requests.
pub(crate) type Handler =
    dyn Fn(Incoming, &Requester) -> Result<Reply, Failure> + Send + Sync + 'static;

/// An `Incoming` is a request of the peer, as a handler gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Incoming {
    /// The requested type: one less than on the wire.
    pub rq_type: u128,
    /// The flags.
    pub flags: u128,
    /// The payload.
    pub payload: Vec<u8>,
    /// The place of the request among those that the handler gets: 1, 2, 3 and so on, in the order
    /// in which they arrived. Handlers run at the same time, so they begin in any order.
    pub arrival: u64,
}

/// A `Reply` is the result of a handler: one of the five of the specification (HND-1 to HND-5).
///
/// ```
/// use packetstream::Reply;
///
/// assert_eq!(Reply::from("text"), Reply::Text("text".to_owned()));
/// assert_eq!(Reply::from(vec![1, 2]), Reply::Octets(vec![1, 2]));
/// assert_eq!(Reply::from((7, vec![1])), Reply::FlagsAndOctets(7, vec![1]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Flags 0 and an empty payload.
    Nothing,
    /// These flags and an empty payload.
    Flags(u128),
    /// Flags 0 and this payload.
    Octets(Vec<u8>),
    /// Flags 0 and this text, in UTF-8.
    Text(String),
    /// These flags and this payload.
    FlagsAndOctets(u128, Vec<u8>),
}

impl From<()> for Reply {
    fn from((): ()) -> Self {
        Reply::Nothing
    }
}

impl From<Vec<u8>> for Reply {
    fn from(octets: Vec<u8>) -> Self {
        Reply::Octets(octets)
    }
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Reply::Text(text)
    }
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Reply::Text(text.to_owned())
    }
}

impl From<(u128, Vec<u8>)> for Reply {
    fn from((flags, octets): (u128, Vec<u8>)) -> Self {
        Reply::FlagsAndOctets(flags, octets)
    }
}

/// A `Failure` is a failure response: what a handler returns in place of a result.
///
/// Any error becomes one by `?` or `into`, with the error's text as the payload. The peer reads that
/// text. To keep the reason from it, return [`Failure::default`], which has flags 0 and an empty
/// payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The flags of the response, without the ok bit.
    pub flags: u128,
    /// The payload of the response.
    pub payload: Vec<u8>,
}

impl Failure {
    /// Makes a failure with this text as its payload.
    pub fn new(text: impl Into<String>) -> Self {
        Failure {
            flags: 0,
            payload: text.into().into_bytes(),
        }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::new(error.to_string())
    }
}

/// Makes the response to the request with this channel and tag.
pub(crate) fn response(channel: u128, tag: u128, result: Result<Reply, Failure>) -> Packet {
    let (ok, flags, payload) = match result {
        Ok(Reply::Nothing) => (1, 0, Vec::new()),
        Ok(Reply::Flags(flags)) => (1, flags, Vec::new()),
        Ok(Reply::Octets(octets)) => (1, 0, octets),
        Ok(Reply::Text(text)) => (1, 0, text.into_bytes()),
        Ok(Reply::FlagsAndOctets(flags, octets)) => (1, flags, octets),
        Err(Failure { flags, payload }) => (0, flags, payload),
    };
    let (ok, flags, payload) = if flags >> 127 == 0 {
        (ok, flags, payload)
    } else {
        // No response can carry such flags (HND-7).
        (0, 0, b"the flags of the result need 128 bits".to_vec())
    };
    Packet {
        kind: Kind::Response,
        channel,
        tag,
        flags: flags << 1 | ok,
        payload,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_with_the_octets_of_the_specification() {
        for (result, octets) in [
            (Ok(Reply::Nothing), &b"\x02\x01\x04"[..]),
            (Ok(Reply::Flags(0x55)), b"\x03\x01\x85\x2c"),
            (Ok(vec![b'a'].into()), b"\x03\x01\x04a"),
            (Ok("\u{e9}".into()), b"\x04\x01\x04\xc3\xa9"),
            (Ok((0x55, vec![b'a']).into()), b"\x04\x01\x85\x2ca"),
            (Err(Failure::default()), b"\x02\x01\x00"),
            (Err(Failure::new("no")), b"\x04\x01\x00no"),
        ] {
            assert_eq!(response(0, 1, result).encode(), octets);
        }
    }

    #[test]
    fn fails_for_flags_that_leave_no_room_for_the_ok_bit() {
        assert_eq!(
            response(0, 1, Ok(Reply::Flags(u128::MAX >> 1))).flags,
            u128::MAX
        );
        let refused = response(0, 1, Ok(Reply::Flags(1 << 127)));
        assert_eq!(refused.flags, 0);
        assert!(!refused.payload.is_empty());
    }
}

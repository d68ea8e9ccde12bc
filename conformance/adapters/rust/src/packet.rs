//! Packets, and their form in octets (section 3 of the specification).

use crate::integer::Groups;
use crate::read::{self, ReadError};
use std::fmt::{self, Write};

/// The bit of a packet's word that says that a channel follows.
pub(crate) const HAS_CHANNEL: u8 = 1;
/// The bit of a packet's word that says that the packet is a request.
pub(crate) const IS_REQUEST: u8 = 2;

/// A `Kind` says whether a packet is a request or a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A request.
    Request {
        /// The type on the wire: the requested type plus one. It is 0 in [`Packet::EOF`] alone.
        wire_type: u128,
    },
    /// A response. It has no type.
    Response,
}

/// A `Packet` holds the fields of one packet, as they are on the wire.
///
/// Every integer may have any value of 128 bits. Two packets are equal if all their fields are
/// (EQ-1, EQ-2).
///
/// ```
/// use packetstream::{Kind, Packet};
///
/// let packet = Packet {
///     kind: Kind::Request { wire_type: 2 },
///     channel: 5,
///     tag: 300,
///     flags: 7,
///     payload: b"hello".to_vec(),
/// };
/// let octets = packet.encode();
/// assert_eq!(octets, b"\x0a\x82\x2c\x1f\x05\x02hello");
/// assert_eq!(Packet::decode(&octets)?, (packet, octets.len()));
/// # Ok::<(), packetstream::ReadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Packet {
    /// Whether it is a request, with its type, or a response.
    pub kind: Kind,
    /// The channel. It is 0 if the octets name none.
    pub channel: u128,
    /// The tag. A response has that of its request.
    pub tag: u128,
    /// The flags. Those of a response include the ok bit, as their lowest bit.
    pub flags: u128,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Packet {
    /// The packet that ends a stream: `03 00 02 00`.
    pub const EOF: Packet = Packet {
        kind: Kind::Request { wire_type: 0 },
        channel: 0,
        tag: 0,
        flags: 0,
        payload: Vec::new(),
    };

    /// Reports whether the packet is a request.
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self.kind, Kind::Request { .. })
    }

    /// Returns the octets of the packet.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(self.payload.len() + 16);
        self.encode_to(&mut octets);
        octets
    }

    /// Appends the octets of the packet to `octets`.
    pub fn encode_to(&self, octets: &mut Vec<u8>) {
        let mut fields = Vec::with_capacity(8);
        let channel_bit = if self.channel == 0 { 0 } else { HAS_CHANNEL };
        Groups::of(self.tag).write(&mut fields);
        match self.kind {
            Kind::Request { .. } => Groups::of_word(self.flags, IS_REQUEST | channel_bit),
            Kind::Response => Groups::of_word(self.flags, channel_bit),
        }
        .write(&mut fields);
        if self.channel != 0 {
            Groups::of(self.channel).write(&mut fields);
        }
        if let Kind::Request { wire_type } = self.kind {
            Groups::of(wire_type).write(&mut fields);
        }
        let length = fields.len() + self.payload.len();
        Groups::of(length as u128).write(octets);
        octets.extend_from_slice(&fields);
        octets.extend_from_slice(&self.payload);
    }

    /// Reads the first packet of `octets`, and returns it with the number of octets that it took.
    ///
    /// # Errors
    ///
    /// [`ReadError::Incomplete`] if the octets stop inside the packet, and
    /// [`ReadError::Malformed`] if its body is too short for its fields, or an integer needs more
    /// than 128 bits.
    pub fn decode(octets: &[u8]) -> Result<(Packet, usize), ReadError> {
        let mut rest = octets;
        match read::packet(&mut rest, usize::MAX)? {
            Some(packet) => Ok((packet, octets.len() - rest.len())),
            None => Err(ReadError::Incomplete),
        }
    }
}

/// How many octets of a payload the text of a packet shows.
const SHOWN: usize = 16;

/// Formats a packet as the original does (TXT-1).
///
/// ```
/// use packetstream::Packet;
///
/// assert_eq!(
///     Packet::EOF.to_string(),
///     "Packet(is_request=True,channel=0,tag=0,flags=0x00,payload=b'')"
/// );
/// ```
impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.payload[..self.payload.len().min(SHOWN)];
        let more = if self.payload.len() > SHOWN {
            "..."
        } else {
            ""
        };
        write!(
            f,
            "Packet(is_request={},channel={},tag={},flags=0x{:02x},payload={}{more})",
            if self.is_request() { "True" } else { "False" },
            self.channel,
            self.tag,
            self.flags,
            python_literal(shown),
        )
    }
}

/// Returns `octets` as a bytes literal of Python.
fn python_literal(octets: &[u8]) -> String {
    let quote = if octets.contains(&b'\'') && !octets.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    let mut text = format!("b{quote}");
    for &octet in octets {
        match octet {
            b'\t' => text.push_str("\\t"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\\' => text.push_str("\\\\"),
            b'\'' if quote == '\'' => text.push_str("\\'"),
            b' '..=b'~' => text.push(octet.into()),
            _ => {
                let _ = write!(text, "\\x{octet:02x}"); // writing to a string cannot fail
            }
        }
    }
    text.push(quote);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(channel: u128, tag: u128, flags: u128, payload: &[u8]) -> Packet {
        Packet {
            kind: Kind::Response,
            channel,
            tag,
            flags,
            payload: payload.to_vec(),
        }
    }

    #[test]
    fn encodes_the_examples_of_the_specification() {
        assert_eq!(Packet::EOF.encode(), b"\x03\x00\x02\x00");
        assert_eq!(response(0, 1, 0xab, b"").encode(), b"\x03\x01\x85\x2c");
        assert_eq!(
            response(0, 1, 1, b"hi").encode(),
            b"\x04\x01\x04hi",
            "channel 0 is not written"
        );
    }

    #[test]
    fn reads_back_what_it_wrote() {
        for wide in [0, 1, 127, 128, 1 << 61, u128::MAX] {
            for kind in [Kind::Response, Kind::Request { wire_type: wide }] {
                let packet = Packet {
                    kind,
                    channel: wide,
                    tag: wide,
                    flags: wide,
                    payload: vec![0xa5; 300],
                };
                let mut octets = packet.encode();
                let length = octets.len();
                octets.extend(b"behind");
                assert_eq!(Packet::decode(&octets).expect("whole"), (packet, length));
            }
        }
    }

    #[test]
    fn reads_channel_0_that_is_written() {
        let (packet, length) = Packet::decode(b"\x04\x01\x05\x00!").expect("whole");
        assert_eq!((packet, length), (response(0, 1, 1, b"!"), 5));
    }

    #[test]
    fn returns_no_packet_of_a_part() {
        let octets = response(9, 300, 7, b"hello").encode();
        for end in 0..octets.len() {
            assert!(
                matches!(Packet::decode(&octets[..end]), Err(ReadError::Incomplete)),
                "{end} octets"
            );
        }
    }

    #[test]
    fn returns_no_packet_of_a_body_that_is_too_short() {
        for octets in [
            &b"\x00"[..],
            b"\x01\x00",
            b"\x01\x80",
            b"\x02\x00\x01",
            b"\x02\x00\x02",
            b"\x03\x00\x03\x00",
        ] {
            assert!(
                matches!(Packet::decode(octets), Err(ReadError::Malformed(_))),
                "{octets:02x?}"
            );
        }
    }

    #[test]
    fn writes_python_literals() {
        for (payload, text) in [
            (&b"hello"[..], r"b'hello'"),
            (b"it's", r#"b"it's""#),
            (b"'\"", r#"b'\'"'"#),
            (b"\t\n\r\\\x00\x7f\xff", r"b'\t\n\r\\\x00\x7f\xff'"),
        ] {
            assert_eq!(python_literal(payload), text);
        }
        let text = response(0, 1, 0x123, b"0123456789abcdefg").to_string();
        assert_eq!(
            text,
            "Packet(is_request=False,channel=0,tag=1,flags=0x123,payload=b'0123456789abcdef'...)"
        );
    }
}

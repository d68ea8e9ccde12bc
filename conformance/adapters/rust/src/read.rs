//! Reading packets from a stream that may hold anything (sections 3.2 and 11).

use crate::integer::{self, Groups};
use crate::packet::{HAS_CHANNEL, IS_REQUEST, Kind, Packet};
use std::fmt;
use std::io::{self, BufRead, Read};

/// How many octets of a payload are reserved before they arrive, at most (BAD-4).
const RESERVED: usize = 4096;

/// A `ReadError` says why no packet was read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The octets stop inside a packet.
    Incomplete,
    /// The octets are no packet; the text says why.
    Malformed(&'static str),
    /// The stream failed.
    Io(io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Incomplete => f.write_str("the octets stop inside a packet"),
            ReadError::Malformed(why) => write!(f, "malformed packet: {why}"),
            ReadError::Io(error) => write!(f, "reading a packet: {error}"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// Reads one packet, with a payload of at most `max_payload` octets.
///
/// It consumes exactly the octets of the packet, and takes memory for octets that have arrived only:
/// integers are read octet by octet, and the payload grows as it comes. It returns `None` if the
/// stream ends before the packet.
pub(crate) fn packet(
    stream: &mut impl BufRead,
    max_payload: usize,
) -> Result<Option<Packet>, ReadError> {
    if at_end(stream)? {
        return Ok(None);
    }
    let length = value(integer::read(|| octet(stream))?)?;
    let mut body = Body {
        stream,
        left: length,
    };
    let tag = value(body.integer()?)?;
    let (flags, bits) = body.integer()?.and_then(Groups::word).ok_or(TOO_WIDE)?;
    let channel = if bits & HAS_CHANNEL == 0 {
        0
    } else {
        value(body.integer()?)?
    };
    let kind = if bits & IS_REQUEST == 0 {
        Kind::Response
    } else {
        Kind::Request {
            wire_type: value(body.integer()?)?,
        }
    };
    Ok(Some(Packet {
        kind,
        channel,
        tag,
        flags,
        payload: body.payload(max_payload)?,
    }))
}

const TOO_WIDE: ReadError = ReadError::Malformed("an integer needs more than 128 bits");

fn value(groups: Option<Groups>) -> Result<u128, ReadError> {
    groups.and_then(Groups::value).ok_or(TOO_WIDE)
}

/// A `Body` is the part of a packet's body that is still to be read.
struct Body<'a, R> {
    stream: &'a mut R,
    left: u128,
}

impl<R: BufRead> Body<'_, R> {
    fn integer(&mut self) -> Result<Option<Groups>, ReadError> {
        integer::read(|| {
            if self.left == 0 {
                return Err(ReadError::Malformed("its body is too short for its fields"));
            }
            self.left -= 1;
            octet(self.stream)
        })
    }

    fn payload(self, max: usize) -> Result<Vec<u8>, ReadError> {
        let length = usize::try_from(self.left)
            .ok()
            .filter(|&length| length <= max)
            .ok_or(ReadError::Malformed("its payload is longer than allowed"))?;
        let mut payload = Vec::with_capacity(length.min(RESERVED));
        // read_to_end grows the vector in proportion to what has arrived.
        self.stream
            .take(length as u64)
            .read_to_end(&mut payload)
            .map_err(ReadError::Io)?;
        if payload.len() < length {
            return Err(ReadError::Incomplete);
        }
        Ok(payload)
    }
}

fn octet(stream: &mut impl BufRead) -> Result<u8, ReadError> {
    let octet = *fill(stream)?.first().ok_or(ReadError::Incomplete)?;
    stream.consume(1);
    Ok(octet)
}

fn at_end(stream: &mut impl BufRead) -> Result<bool, ReadError> {
    Ok(fill(stream)?.is_empty())
}

/// Returns the octets that have arrived; none at the end of the stream.
fn fill(stream: &mut impl BufRead) -> Result<&[u8], ReadError> {
    // The loop asks twice, because the borrow checker does not accept returning what the first
    // call returned out of a loop. The second call returns the buffer, and does not read.
    loop {
        match stream.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ReadError::Io(error)),
        }
    }
    stream.fill_buf().map_err(ReadError::Io)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// A `OneByOne` is a stream that returns its octets one at a time.
    struct OneByOne<'a>(&'a [u8]);

    impl Read for OneByOne<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.0.len().min(buffer.len()).min(1);
            self.0.read(&mut buffer[..length])
        }
    }

    #[test]
    fn reads_the_same_packets_however_the_stream_is_split() {
        let mut octets = Packet::EOF.encode();
        octets.extend(b"\x0a\x82\x2c\x1f\x05\x02hello\x04\x01\x04hi");
        let read_all = |stream: &mut dyn BufRead| {
            let mut packets = Vec::new();
            let mut stream = stream;
            while let Some(packet) = packet(&mut stream, 100).expect("all are well formed") {
                packets.push(packet);
            }
            packets
        };
        let whole = read_all(&mut &octets[..]);
        assert_eq!(whole.len(), 3);
        assert_eq!(read_all(&mut BufReader::new(OneByOne(&octets))), whole);
    }

    #[test]
    fn limits_the_payload_and_not_the_fields() {
        let mut body = vec![0x80; 1000];
        body.extend([0x01, 0x04]); // the tag 1 in 1001 octets, and the word
        body.extend([0; 102]);
        let mut octets = Vec::new();
        Groups::of(body.len() as u128).write(&mut octets);
        octets.extend(body);
        let read = packet(&mut &octets[..], 102).expect("the payload has 102 octets");
        assert_eq!(read.map(|p| p.payload.len()), Some(102));
        assert!(matches!(
            packet(&mut &octets[..], 101),
            Err(ReadError::Malformed(_))
        ));
    }

    #[test]
    fn reserves_nothing_for_a_declared_length() {
        // 2^62 octets are declared; if they were reserved, this would abort.
        let octets = b"\xc0\x80\x80\x80\x80\x80\x80\x80\x00\x01\x04hi";
        assert!(matches!(
            packet(&mut &octets[..], usize::MAX),
            Err(ReadError::Incomplete)
        ));
    }

    #[test]
    fn refuses_an_integer_that_never_ends() {
        let mut stream = BufReader::new(io::repeat(0xff));
        assert!(matches!(
            packet(&mut stream, 1),
            Err(ReadError::Malformed(_))
        ));
    }
}

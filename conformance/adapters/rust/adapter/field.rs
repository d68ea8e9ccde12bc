//! The values of the adapter protocol: integers in decimal, octets in hex, packets.

use crate::json::Value;
use crate::session::Error;
use packetstream::{Kind, Packet};

/// Returns a member that must be there and be a string.
pub(crate) fn text<'a>(command: &'a Value, name: &str) -> Result<&'a str, Error> {
    match command.get(name) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(Error::invalid(format!("{name} is no string"))),
    }
}

/// Returns a member that must be there and be true or false.
pub(crate) fn boolean(command: &Value, name: &str) -> Result<bool, Error> {
    match command.get(name) {
        Some(Value::Bool(value)) => Ok(*value),
        _ => Err(Error::invalid(format!("{name} is neither true nor false"))),
    }
}

/// Returns a member that is an integer in decimal; 0 if it is absent.
pub(crate) fn integer(command: &Value, name: &str) -> Result<u128, Error> {
    if command.get(name).is_none() {
        return Ok(0);
    }
    let digits = text(command, name)?;
    digits
        .parse()
        .map_err(|_| Error::invalid(format!("{name} is {digits}, no integer of 128 bits")))
}

/// Returns a member that is octets in hex; none if it is absent.
pub(crate) fn octets(command: &Value, name: &str) -> Result<Vec<u8>, Error> {
    if command.get(name).is_none() {
        return Ok(Vec::new());
    }
    unhex(text(command, name)?).ok_or_else(|| Error::invalid(format!("{name} is not in hex")))
}

/// Returns the packet in a member of a command.
pub(crate) fn packet(command: &Value, name: &str) -> Result<Packet, Error> {
    let fields = command
        .get(name)
        .ok_or_else(|| Error::invalid(format!("there is no {name}")))?;
    let kind = if boolean(fields, "is_request")? {
        Kind::Request {
            wire_type: integer(fields, "rq_type")?,
        }
    } else {
        Kind::Response // a type that it may have is no part of it (EQ-2)
    };
    Ok(Packet {
        kind,
        channel: integer(fields, "channel")?,
        tag: integer(fields, "tag")?,
        flags: integer(fields, "flags")?,
        payload: octets(fields, "payload")?,
    })
}

/// Returns a packet as a reply holds it.
pub(crate) fn packet_value(packet: &Packet) -> Value {
    let mut members = vec![
        ("is_request".to_owned(), packet.is_request().into()),
        ("channel".to_owned(), packet.channel.to_string().into()),
        ("tag".to_owned(), packet.tag.to_string().into()),
        ("flags".to_owned(), packet.flags.to_string().into()),
        ("payload".to_owned(), hex(&packet.payload).into()),
    ];
    if let Kind::Request { wire_type } = packet.kind {
        members.push(("rq_type".to_owned(), wire_type.to_string().into()));
    }
    Value::Object(members)
}

/// Returns octets in hex.
pub(crate) fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * octets.len());
    for octet in octets {
        text.push(char::from(DIGITS[usize::from(octet >> 4)]));
        text.push(char::from(DIGITS[usize::from(octet & 15)]));
    }
    text
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs
        .map(|pair| u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn reads_and_writes_hex() {
        assert_eq!(unhex("00fFa5"), Some(vec![0x00, 0xff, 0xa5]));
        assert_eq!(hex(&[0x00, 0xff, 0xa5]), "00ffa5");
        assert_eq!((unhex("0"), unhex("0g"), unhex("é")), (None, None, None));
    }

    #[test]
    fn reads_and_writes_packets() {
        let text = r#"{"p":{"is_request":true,"channel":"5","tag":"300","flags":"7","payload":"6869","rq_type":"2"}}"#;
        let command = json::parse(text).expect("valid");
        let packet = packet(&command, "p").expect("a packet");
        assert_eq!(Some(&packet_value(&packet)), command.get("p"), "{packet}");
        assert!(integer(&json::parse(r#"{"i":"-1"}"#).expect("valid"), "i").is_err());
    }
}

//! TODO: call your implementation in this file. Nothing else has to change.
//!
//! Everything here is unsupported at first, and packetspec skips the scenarios that need it. Begin with
//! `encode`, build, and run: packetspec test --run ENC-1 -- target/release/adapter

use std::fs::File;
use std::sync::Arc;

use crate::protocol::{Connection, Error, Handler, Implementation, Kind, Options, Packet};

/// The calls of your implementation.
pub struct Subject;

impl Implementation for Subject {
    // TODO: how reports name your implementation.
    fn name(&self) -> &str {
        "my implementation"
    }

    fn release(&self) -> &str {
        "0.1"
    }

    // TODO: what your implementation has, of: equal, string, grace, tick, decode-response, decode-flags,
    // invalid-reply, negative, big-integers, channels, end-reason.
    fn abilities(&self) -> &[&str] {
        &[]
    }

    fn encode(&self, _packet: Packet) -> Result<Vec<u8>, Error> {
        Err(Error::new(Kind::Unsupported, "TODO: encode"))
    }

    fn decode(&self, _octets: &[u8]) -> Result<(Packet, usize), Error> {
        Err(Error::new(Kind::Unsupported, "TODO: decode"))
    }

    fn equal(&self, _a: Packet, _b: Packet) -> Result<bool, Error> {
        Err(Error::new(Kind::Unsupported, "TODO: equal"))
    }

    fn text(&self, _packet: Packet) -> Result<String, Error> {
        Err(Error::new(Kind::Unsupported, "TODO: text"))
    }

    fn open(
        &self,
        _recv: File,
        _send: File,
        _handler: Option<Handler>,
        _options: Options,
    ) -> Result<Arc<dyn Connection>, Error> {
        Err(Error::new(
            Kind::Unsupported,
            "TODO: open: return a type with the trait Connection",
        ))
    }
}

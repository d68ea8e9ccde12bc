"""TODO: call your implementation in this file. Nothing else has to change.

Everything here raises Unsupported at first, and packetspec skips the scenarios that need it.
Begin with encode, and run: packetspec test --run ENC-1 -- python3 adapter.py
"""

from __future__ import annotations

from protocol import Handler, Options, Packet, Request, Response, Unsupported

NAME = "my implementation"  # TODO: how reports name it
RELEASE = "0.1"

# TODO: what your implementation has, of: equal, string, grace, tick, decode-response, decode-flags,
# invalid-reply, negative, big-integers, channels, end-reason.
ABILITIES: list[str] = []


def encode(packet: Packet) -> bytes:
    """Return the octets of a packet. Raise Invalid for a value that the implementation refuses."""
    raise Unsupported("TODO: encode")


def decode(octets: bytes) -> tuple[Packet, int]:
    """Return the first packet, and how many octets it took. Raise Incomplete or Malformed."""
    raise Unsupported("TODO: decode")


def equal(a: Packet, b: Packet) -> bool:
    """Return whether the implementation compares two packets as equal: the ability equal."""
    raise Unsupported("TODO: equal")


def text(packet: Packet) -> str:
    """Return the text form of a packet: the ability string."""
    raise Unsupported("TODO: text")


class Call:
    """A request that was submitted."""

    def wait(self) -> Response:
        """Wait for the answer. Raise Cancelled if the peer's stream ends first, or DecoderFailed."""
        raise Unsupported("TODO: wait")


class Connection:
    """A connection. Several threads call its methods, each of which may block, except close."""

    def __init__(self, recv: int, send: int, handler: Handler | None, options: Options) -> None:
        """Start a connection over two file descriptors, which it owns from now on.

        If this raises, the caller closes them. Call the handler in a thread of its own for each
        request, since it may wait. An exception of the handler is a failure of the request.
        """
        raise Unsupported("TODO: open")

    def request(self, request: Request) -> Call:
        """Submit a request, without waiting for its answer. Raise Closed or Invalid if it is refused."""
        raise Unsupported("TODO: request")

    def shutdown(self, block: bool) -> None:
        """Shut the connection down, and return when the implementation's call returns."""
        raise Unsupported("TODO: shutdown")

    def join(self) -> str | None:
        """Wait for the end of the peer's stream. Return eof, cut or malformed, or None if unknown."""
        raise Unsupported("TODO: join")

    def close(self) -> None:
        """Abandon the connection in any state, without waiting. Threads blocked on the pipes end soon."""
        raise Unsupported("TODO: close")

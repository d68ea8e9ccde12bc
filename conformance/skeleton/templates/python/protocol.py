"""What the adapter and the implementation pass to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Union


class AdapterError(Exception):
    """The reply to a command is an error, of one of the kinds of the adapter guide."""

    kind = "internal"


class Unsupported(AdapterError):
    """The implementation cannot do this, or the adapter does not call it yet."""

    kind = "unsupported"


class Invalid(AdapterError):
    """The implementation refuses a value, such as a negative type or a channel."""

    kind = "invalid"


class Closed(AdapterError):
    """The connection is shut down."""

    kind = "closed"


class Cancelled(AdapterError):
    """The peer's stream ended before the answer."""

    kind = "cancelled"


class DecoderFailed(AdapterError):
    """The response decoder raised."""

    kind = "decode"


class Incomplete(AdapterError):
    """The octets are the beginning of a packet, and stop too soon."""

    kind = "incomplete"


class Malformed(AdapterError):
    """The octets are refused for any other reason."""

    kind = "malformed"


@dataclass(frozen=True)
class Packet:
    """A packet, with the values on the wire. A response has the type None."""

    is_request: bool
    channel: int
    tag: int
    flags: int
    rq_type: int | None
    payload: bytes


Decoder = Callable[[int, bytes], bytes]  # of the flags and the payload of a response


@dataclass(frozen=True)
class Request:
    """A request of the local user. Its type is one less than on the wire."""

    rq_type: int
    flags: int
    payload: bytes
    channel: int
    decode: Decoder | None


@dataclass(frozen=True)
class Response:
    """The peer's answer. Its flags are without the ok bit."""

    ok: bool
    flags: int
    payload: bytes


@dataclass(frozen=True)
class Options:
    """How a connection is opened."""

    grace: float | None  # seconds; None: the implementation's default
    tick: Callable[[bytes], None] | None  # called with each tick; None: ticks are not recorded
    tick_stderr: bool  # ticks go to the standard error
    name: str | None


# Nothing, flags, octets, text, or flags and octets; object stands for the results of no valid form.
Result = Union[None, int, bytes, str, "tuple[int, bytes]", object]

# A handler gets the type (one less than on the wire), the flags and the payload of a request.
Handler = Callable[[int, int, bytes], Result]

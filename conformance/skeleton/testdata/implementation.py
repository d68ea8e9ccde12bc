"""The skeleton's file implementation.py with its TODOs done, for the guide's packets.py."""

from __future__ import annotations

from typing import Optional

import packets
from protocol import (
    Cancelled,
    Closed,
    Handler,
    Incomplete,
    Invalid,
    Malformed,
    Options,
    Packet,
    Request,
    Response,
    Unsupported,
)

NAME = "packets.py"
RELEASE = "1"
ABILITIES = ["end-reason", "big-integers", "negative", "invalid-reply"]


def encode(packet: Packet) -> bytes:
    try:
        return packets.encode(
            packets.Packet(
                packet.is_request, packet.channel, packet.tag, packet.flags, packet.rq_type or 0, packet.payload
            )
        )
    except ValueError as error:
        raise Invalid(str(error)) from error


def decode(octets: bytes) -> tuple[Packet, int]:
    try:
        packet, consumed = packets.decode(octets)
    except packets.Incomplete as error:
        raise Incomplete(str(error)) from error
    except packets.Malformed as error:
        raise Malformed(str(error)) from error
    return Packet(*packet), consumed


def equal(a: Packet, b: Packet) -> bool:
    raise Unsupported("packets.py does not compare packets")


def text(packet: Packet) -> str:
    raise Unsupported("packets.py has no text form")


class Call:
    def __init__(self, call) -> None:
        self.call = call

    def wait(self) -> Response:
        try:
            return Response(*self.call.result())
        except packets.Cancelled as error:
            raise Cancelled(str(error)) from error


class Connection:
    def __init__(self, recv: int, send: int, handler: Optional[Handler], options: Options) -> None:
        self.connection = packets.Connection(recv, send, handler)

    def request(self, request: Request) -> Call:
        if request.channel:
            raise Invalid("requests are on channel 0")
        try:
            return Call(self.connection.request(request.rq_type, request.flags, request.payload))
        except packets.Closed as error:
            raise Closed(str(error)) from error
        except ValueError as error:
            raise Invalid(str(error)) from error

    def shutdown(self, block: bool) -> None:
        self.connection.shutdown(block)

    def join(self) -> Optional[str]:
        return self.connection.join()

    def close(self) -> None:
        self.connection.close()

"""A small implementation of the packet stream protocol, for the guide's worked example.

It needs Python 3.9 and the standard library. A packet is a Packet; encode and decode convert it.
A Connection speaks the protocol over two file descriptors, with three kinds of threads: one that
receives, one that sends, and one for each handler that runs.
"""

import os
import select
import threading
from collections import deque
from concurrent.futures import Future
from typing import NamedTuple


class Incomplete(Exception):
    """The octets are the beginning of a packet."""


class Malformed(Exception):
    """The octets are no packet."""


class Closed(Exception):
    """The connection takes no more requests."""


class Cancelled(Exception):
    """The peer's stream ended before the answer."""


class Packet(NamedTuple):
    is_request: bool
    channel: int
    tag: int
    flags: int
    rq_type: int  # on the wire; 0 in a response
    payload: bytes


EOF = Packet(True, 0, 0, 0, 0, b"")


def integer(value):
    """Return the octets of an integer, seven bits each."""
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(value & 0x7F | 0x80)
    return bytes(reversed(octets))


def encode(packet):
    """Return the octets of a packet."""
    if min(packet.channel, packet.tag, packet.flags, packet.rq_type) < 0:
        raise ValueError("an integer is negative")
    word = packet.flags << 2 | packet.is_request << 1 | (packet.channel != 0)
    body = integer(packet.tag) + integer(word)
    if packet.channel:
        body += integer(packet.channel)
    if packet.is_request:
        body += integer(packet.rq_type)
    return integer(len(body) + len(packet.payload)) + body + packet.payload


def read_integer(octets, at):
    """Return the integer at an offset, and the offset after it."""
    value = 0
    while at < len(octets):
        octet, at = octets[at], at + 1
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            return value, at
    raise Incomplete("the octets end inside an integer")


def decode(octets):
    """Return the first packet of the octets, and how many octets it took."""
    length, start = read_integer(octets, 0)
    if len(octets) - start < length:
        raise Incomplete(f"the body has {len(octets) - start} of {length} octets")
    return decode_body(octets[start : start + length]), start + length


def decode_body(body):
    """Return the packet of a whole body."""
    channel = rq_type = 0
    try:
        tag, at = read_integer(body, 0)
        word, at = read_integer(body, at)
        if word & 1:
            channel, at = read_integer(body, at)
        if word & 2:
            rq_type, at = read_integer(body, at)
    except Incomplete as error:
        raise Malformed(f"the body is too short: {error}") from error
    return Packet(bool(word & 2), channel, tag, word >> 2, rq_type, bytes(body[at:]))


def result_to_reply(result):
    """Return the flags and the payload of a handler's result."""
    if result is None:
        return 0, b""
    if isinstance(result, int):
        result = result, b""
    elif isinstance(result, bytes):
        result = 0, result
    elif isinstance(result, str):
        result = 0, result.encode("utf-8", "xmlcharrefreplace")
    flags, payload = result
    if not isinstance(flags, int) or not isinstance(payload, bytes) or flags < 0:
        raise TypeError(f"the handler returned {result!r}")
    return flags, payload


class Connection:
    """A connection over two file descriptors, which it owns and closes.

    A handler is called with a request's type, flags and payload, each in a thread of its own. It
    returns None, an int, bytes, a str, or an int and bytes. Several threads may call the methods.
    """

    def __init__(self, recv, send, handler=None):
        self.recv, self.send, self.handler = os.fdopen(recv, "rb"), send, handler
        self.changed = threading.Condition()  # guards what follows
        self.outgoing = deque()  # octets to send
        self.calls = {}  # tag: Future, of each pending request
        self.serving = set()  # (channel, tag) of each accepted request
        self.last_tag = 0
        self.closed = False  # no more local requests
        self.ended = None  # how the peer's stream ended: eof, cut or malformed
        self.finished = False  # EOF is being sent
        self.sent = False  # EOF is sent, or nobody would read it
        for task in self.receive_all, self.send_all:
            threading.Thread(target=task, daemon=True).start()

    def request(self, rq_type, flags=0, payload=b""):
        """Submit a request. The Future's result is ok, flags and payload, or it raises Cancelled."""
        if rq_type < 0 or flags < 0:
            raise ValueError("the type and the flags are 0 or more")
        with self.changed:
            if self.closed:
                raise Closed("the connection is shut down")
            self.last_tag += 1
            call = self.calls[self.last_tag] = Future()
            self.put(Packet(True, 0, self.last_tag, flags, rq_type + 1, payload))
        return call

    def shutdown(self, block):
        """Take no more requests; EOF follows the answers. To block is to wait for everything."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()
            while block and not (self.sent and not self.calls):
                self.changed.wait()

    def join(self):
        """Wait for the end of the peer's stream. Return how it ended: eof, cut or malformed."""
        with self.changed:
            while not self.ended:
                self.changed.wait()
            return self.ended

    def close(self):
        """Abandon the connection. The threads end once the peer has closed its ends."""
        with self.changed:
            self.closed = self.sent = True
            self.changed.notify_all()

    def put(self, packet):
        """Queue a packet. The caller holds self.changed."""
        self.outgoing.append(encode(packet))
        self.changed.notify_all()

    def send_all(self):
        """Send what is queued, and then EOF, unless the peer has closed its receiving end."""
        end = select.poll()
        end.register(self.send, 0)  # no event but an error: nobody reads
        try:
            while octets := self.next_octets(end):
                while octets:
                    octets = octets[os.write(self.send, octets) :]
        except OSError:
            pass
        os.close(self.send)
        with self.changed:
            self.sent = True
            self.outgoing.clear()
            self.changed.notify_all()

    def next_octets(self, end):
        """Wait for octets to send, and return them. Return none after EOF."""
        with self.changed:
            while not self.sent and not self.finished:
                if self.outgoing:
                    return memoryview(self.outgoing.popleft())
                if self.closed and not self.serving:
                    self.finished = True
                    return memoryview(encode(EOF))
                if self.closed and end.poll(0):
                    return None
                self.changed.wait(0.1 if self.closed else None)  # no event reports the end
        return None

    def receive_all(self):
        ended = "malformed"
        try:
            while (packet := self.read_packet()) and not (packet.is_request and self.is_end(packet)):
                self.receive(packet)
            ended = "cut" if packet is None else "eof" if packet == EOF else "malformed"
        except Incomplete:
            ended = "cut"
        except Malformed:
            pass
        self.recv.close()
        with self.changed:
            self.closed, self.ended = True, ended
            calls, self.calls = self.calls, {}
            self.changed.notify_all()
        for call in calls.values():
            call.set_exception(Cancelled("the peer's stream has ended"))

    @staticmethod
    def is_end(packet):
        return packet.channel == 0 and packet.rq_type == 0

    def read_packet(self):
        """Return the next packet, or None at the end of the octets."""
        length = more = 0
        while octet := self.recv.read(1):
            length, more = length << 7 | octet[0] & 0x7F, octet[0] & 0x80
            if not more:
                break
        if not octet:
            if more:
                raise Incomplete("the octets end inside a length")
            return None
        body = bytearray()
        while len(body) < length:  # in pieces: the length is the peer's word
            piece = self.recv.read(min(length - len(body), 1 << 16))
            if not piece:
                raise Incomplete("the octets end inside a body")
            body += piece
        return decode_body(body)

    def receive(self, packet):
        request = packet.channel, packet.tag
        with self.changed:
            if not packet.is_request:
                call = self.calls.pop(packet.tag, None) if packet.channel == 0 else None
                self.changed.notify_all()
            elif self.closed:
                return
            elif packet.channel or not self.handler or request in self.serving:
                text = f"the request with tag {packet.tag} on channel {packet.channel} is refused"
                self.put(packet._replace(is_request=False, flags=0, payload=text.encode()))
                return
            else:
                self.serving.add(request)
        if packet.is_request:
            threading.Thread(target=self.serve, args=[packet], daemon=True).start()
        elif call:
            call.set_result((bool(packet.flags & 1), packet.flags >> 1, packet.payload))

    def serve(self, packet):
        """Call the handler, and send its result."""
        try:
            flags, payload = result_to_reply(self.handler(packet.rq_type - 1, packet.flags, packet.payload))
            answer = packet._replace(is_request=False, flags=flags << 1 | 1, payload=payload)
        except Exception as error:
            answer = packet._replace(is_request=False, flags=0, payload=str(error).encode("utf-8", "replace"))
        with self.changed:
            self.serving.discard((packet.channel, packet.tag))
            if not self.sent:
                self.put(answer)

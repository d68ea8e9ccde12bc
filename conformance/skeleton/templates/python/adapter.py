#!/usr/bin/env python3
"""An adapter for packetspec: it reads commands, and carries them out on the implementation.

This file is the protocol's side and is complete. The calls of the implementation are in
implementation.py.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any, Callable

import implementation
from protocol import AdapterError, DecoderFailed, Invalid, Options, Packet, Request, Response, Result

Fields = dict[str, Any]

# What a handler of type 10 returns: results of no valid form.
INVALID_RESULTS: dict[str, object] = {"float": 1.5, "list3": (1, 2, 3), "int-str": (1, "text"), "negative": -1}


def packet_from_json(fields: Fields) -> Packet:
    rq_type = fields.get("rq_type")
    return Packet(
        is_request=fields["is_request"],
        channel=int(fields["channel"]),
        tag=int(fields["tag"]),
        flags=int(fields["flags"]),
        rq_type=None if rq_type is None else int(rq_type),
        payload=bytes.fromhex(fields["payload"]),
    )


def packet_to_json(packet: Packet) -> Fields:
    fields: Fields = {
        "is_request": packet.is_request,
        "channel": str(packet.channel),
        "tag": str(packet.tag),
        "flags": str(packet.flags),
        "payload": packet.payload.hex(),
    }
    if packet.is_request:
        fields["rq_type"] = str(packet.rq_type)
    return fields


def decoder_that_fails(flags: int, payload: bytes) -> bytes:
    raise DecoderFailed("the request asks for a decoder that fails")


DECODERS: dict[str | None, Callable[[int, bytes], bytes] | None] = {
    None: None,
    "reverse": lambda flags, payload: payload[::-1],
    "raise": decoder_that_fails,
    "flags": lambda flags, payload: str(flags).encode(),
}


class Subject:
    """A connection of the implementation, with the standard handler and what commands need beside it."""

    def __init__(self, command: Fields) -> None:
        self.lock = threading.Lock()  # guards what follows
        self.seen: list[Fields] = []
        self.ticks: list[str] = []
        self.calls: dict[str, implementation.Call] = {}
        self.gates: dict[str, threading.Event] = {}
        self.closed = False

        self.opened = threading.Event()  # set once self.connection exists
        tick = command.get("tick", "none")
        options = Options(
            grace=command.get("grace"),
            tick=self.record_tick if tick == "record" else None,
            tick_stderr=tick == "stderr",
            name=command.get("name"),
        )
        recv = os.open(command["recv"], os.O_RDONLY)
        send = -1
        try:
            send = os.open(command["send"], os.O_WRONLY)
            handler = self.handle if command["handler"] else None
            self.connection = implementation.Connection(recv, send, handler, options)
        except BaseException:
            os.close(recv)
            if send >= 0:
                os.close(send)
            raise
        self.opened.set()

    def record_tick(self, octets: bytes) -> None:
        with self.lock:
            self.ticks.append(octets.hex())

    def gate(self, name: str) -> threading.Event:
        """Return a gate. It stays open once it is released, or the connection is closed."""
        with self.lock:
            gate = self.gates.setdefault(name, threading.Event())
            if self.closed:
                gate.set()
            return gate

    def handle(self, rq_type: int, flags: int, payload: bytes) -> Result:
        """Do what the standard handler does."""
        with self.lock:
            self.seen.append({"rq_type": str(rq_type), "flags": str(flags), "payload": payload.hex()})
        if rq_type == 0:
            return None
        if rq_type == 1:
            return flags
        if rq_type == 2:
            return payload
        if rq_type == 3:
            return payload.decode("utf-8", "surrogatepass")
        if rq_type == 4:
            return flags, payload
        if rq_type == 6:
            self.gate(payload.decode()).wait()
            return payload
        if rq_type == 7:
            return 0x11, payload[::-1]
        if rq_type == 8:
            size = int(payload)
            return (bytes(range(251)) * (size // 251 + 1))[:size]
        if rq_type == 9:
            return self.ask_back(payload)
        if rq_type == 10:
            return INVALID_RESULTS[payload.decode()]
        raise ValueError(payload.decode("utf-8", "replace"))  # 5, and every other type

    def ask_back(self, payload: bytes) -> bytes:
        self.opened.wait()  # a request may come before the constructor has returned
        return self.connection.request(Request(2, 0, payload, 0, None)).wait().payload

    def submit(self, command: Fields) -> implementation.Call:
        if command.get("decode") not in DECODERS:
            raise Invalid(f"there is no decoder {command['decode']}")
        return self.connection.request(
            Request(
                rq_type=int(command["rq_type"]),
                flags=int(command.get("flags", "0")),
                payload=bytes.fromhex(command.get("payload", "")),
                channel=int(command.get("channel", "0")),
                decode=DECODERS[command.get("decode")],
            )
        )

    def close(self) -> None:
        with self.lock:
            self.closed = True
            for gate in self.gates.values():
                gate.set()
        self.connection.close()


def answer_to_json(response: Response) -> Fields:
    return {"ok": response.ok, "flags": str(response.flags), "payload": response.payload.hex()}


class Adapter:
    """Carries out commands. Those that may wait have a thread each."""

    MAY_WAIT = frozenset(["open", "request", "wait", "do", "shutdown", "join", "close"])

    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write
        self.lock = threading.Lock()  # one whole line at a time
        self.subjects: dict[str, Subject] = {}

    def serve(self, lines: Any) -> None:
        """Answer the commands of all lines."""
        for line in lines:
            command = json.loads(line)
            if command["op"] in self.MAY_WAIT:
                threading.Thread(target=self.answer, args=[command], daemon=True).start()
            else:
                self.answer(command)

    def answer(self, command: Fields) -> None:
        try:
            method = getattr(self, "do_" + str(command["op"]), None)
            if method is None:
                reply: Fields = {"error": {"kind": "unsupported", "message": f"there is no command {command['op']}"}}
            else:
                reply = method(command) or {}
        except AdapterError as error:
            reply = {"error": {"kind": error.kind, "message": str(error)}}
        except Exception as error:  # whatever the implementation raises
            reply = {"error": {"kind": "internal", "message": repr(error)}}
        line = json.dumps({"id": command["id"], **reply})
        with self.lock:
            self.write(line + "\n")

    def subject(self, command: Fields) -> Subject:
        if command["conn"] not in self.subjects:
            raise Invalid(f"no connection {command['conn']} is open")
        return self.subjects[command["conn"]]

    def do_hello(self, command: Fields) -> Fields:
        return {
            "version": 1,
            "name": implementation.NAME,
            "release": implementation.RELEASE,
            "language": "Python",
            "supports": implementation.ABILITIES,
        }

    def do_encode(self, command: Fields) -> Fields:
        return {"bytes": implementation.encode(packet_from_json(command["packet"])).hex()}

    def do_decode(self, command: Fields) -> Fields:
        packet, consumed = implementation.decode(bytes.fromhex(command["bytes"]))
        return {"packet": packet_to_json(packet), "consumed": consumed}

    def do_equal(self, command: Fields) -> Fields:
        return {"equal": implementation.equal(packet_from_json(command["a"]), packet_from_json(command["b"]))}

    def do_string(self, command: Fields) -> Fields:
        return {"string": implementation.text(packet_from_json(command["packet"]))}

    def do_open(self, command: Fields) -> None:
        self.subjects[command["conn"]] = Subject(command)

    def do_request(self, command: Fields) -> None:
        subject = self.subject(command)
        subject.calls[command["call"]] = subject.submit(command)

    def do_wait(self, command: Fields) -> Fields:
        calls = self.subject(command).calls
        if command["call"] not in calls:
            raise Invalid(f"no request {command['call']} was submitted")
        return answer_to_json(calls.pop(command["call"]).wait())

    def do_do(self, command: Fields) -> Fields:
        return answer_to_json(self.subject(command).submit(command).wait())

    def do_release(self, command: Fields) -> None:
        self.subject(command).gate(command["gate"]).set()

    def do_seen(self, command: Fields) -> Fields:
        subject = self.subject(command)
        with subject.lock:
            return {"calls": list(subject.seen)}

    def do_ticks(self, command: Fields) -> Fields:
        subject = self.subject(command)
        with subject.lock:
            return {"ticks": list(subject.ticks)}

    def do_shutdown(self, command: Fields) -> None:
        self.subject(command).connection.shutdown(command["block"])

    def do_join(self, command: Fields) -> Fields:
        ended = self.subject(command).connection.join()
        return {} if ended is None else {"ended": ended}

    def do_close(self, command: Fields) -> None:
        self.subject(command)
        self.subjects.pop(command["conn"]).close()


def main() -> None:
    replies = sys.stdout
    sys.stdout = sys.stderr  # what the implementation prints must not mix with the replies

    def write(line: str) -> None:
        replies.write(line)
        replies.flush()

    Adapter(write).serve(sys.stdin)
    os._exit(0)  # whatever still runs


if __name__ == "__main__":
    main()

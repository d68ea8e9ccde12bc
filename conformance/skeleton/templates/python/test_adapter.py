"""Tests of the protocol's side, with an implementation that does as little as possible.

Run them with: python3 -m unittest
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import unittest
from typing import Any
from unittest import mock

import adapter
import implementation
from protocol import Cancelled, Handler, Incomplete, Options, Packet, Request, Response, Unsupported


class Echo(implementation.Call):
    def __init__(self, request: Request) -> None:
        self.request = request

    def wait(self) -> Response:
        if self.request.rq_type == 99:
            raise Cancelled("the peer's stream has ended")
        decode = self.request.decode or (lambda flags, payload: payload)
        return Response(True, self.request.flags, decode(self.request.flags, self.request.payload))


class FakeConnection(implementation.Connection):
    """A connection whose peer answers each request with itself."""

    latest: FakeConnection

    def __init__(self, recv: int, send: int, handler: Handler | None, options: Options) -> None:
        self.recv, self.send, self.handler, self.options = recv, send, handler, options
        self.ended = threading.Event()
        FakeConnection.latest = self

    def request(self, request: Request) -> implementation.Call:
        return Echo(request)

    def shutdown(self, block: bool) -> None:
        self.ended.set()

    def join(self) -> str | None:
        self.ended.wait()
        return "eof"

    def close(self) -> None:
        os.close(self.recv)
        os.close(self.send)


class AdapterTest(unittest.TestCase):
    def setUp(self) -> None:
        self.came = threading.Condition()
        self.replies: dict[int, dict[str, Any]] = {}
        self.adapter = adapter.Adapter(self.write)
        self.ids = 0

    def write(self, line: str) -> None:
        self.assertTrue(line.endswith("\n"))
        with self.came:
            reply = json.loads(line)
            self.assertNotIn(reply["id"], self.replies)
            self.replies[reply["id"]] = reply
            self.came.notify_all()

    def send(self, op: str, **fields: Any) -> int:
        self.ids += 1
        self.adapter.serve([json.dumps({"id": self.ids, "op": op, **fields})])
        return self.ids

    def reply(self, number: int) -> dict[str, Any]:
        with self.came:
            self.assertTrue(self.came.wait_for(lambda: number in self.replies, 30))
            return {name: value for name, value in self.replies[number].items() if name != "id"}

    def do(self, op: str, **fields: Any) -> dict[str, Any]:
        return self.reply(self.send(op, **fields))

    def kind(self, op: str, **fields: Any) -> str:
        return str(self.do(op, **fields)["error"]["kind"])

    def test_hello(self) -> None:
        reply = self.do("hello", version=1)
        self.assertEqual((reply["version"], reply["language"]), (1, "Python"))
        self.assertTrue(reply["name"])

    def test_todo_is_unsupported(self) -> None:
        packet = {"is_request": False, "channel": "0", "tag": "1", "flags": "1", "payload": ""}
        self.assertEqual(self.kind("nosuch"), "unsupported")
        with mock.patch.object(implementation, "encode", side_effect=Unsupported("TODO")):
            self.assertEqual(self.kind("encode", packet=packet), "unsupported")

    def test_packets(self) -> None:
        request = {
            "is_request": True,
            "channel": "5",
            "tag": "300",
            "flags": "7",
            "rq_type": "2",
            "payload": "68656c6c6f",
        }
        response = {"is_request": False, "channel": "0", "tag": str(2**70), "flags": "1", "payload": ""}
        for fields in request, response:
            self.assertEqual(adapter.packet_to_json(adapter.packet_from_json(fields)), fields)
        self.assertEqual(adapter.packet_from_json(response).rq_type, None)

    def test_codec(self) -> None:
        packet = Packet(True, 5, 300, 7, 2, b"hello")
        with mock.patch.object(implementation, "decode", return_value=(packet, 11)):
            self.assertEqual(self.do("decode", bytes="0a")["consumed"], 11)
        with mock.patch.object(implementation, "decode", side_effect=Incomplete("short")):
            self.assertEqual(self.kind("decode", bytes="0a"), "incomplete")
        with mock.patch.object(implementation, "decode", side_effect=ZeroDivisionError):
            self.assertEqual(self.kind("decode", bytes="0a"), "internal")

    def open(self, **fields: Any) -> FakeConnection:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        paths = [os.path.join(folder.name, name) for name in ("recv", "send")]
        for path in paths:
            os.mkfifo(path)
        ends = [os.open(path, os.O_RDWR | os.O_NONBLOCK) for path in paths]  # as the runner's ends
        for end in ends:
            self.addCleanup(os.close, end)
        with mock.patch.object(implementation, "Connection", FakeConnection):
            self.assertEqual(self.do("open", conn="c", recv=paths[0], send=paths[1], handler=True, **fields), {})
        return FakeConnection.latest

    def test_requests(self) -> None:
        self.open()
        self.assertEqual(self.do("request", conn="c", call="a", rq_type="2", flags="7", payload="6869"), {})
        self.assertEqual(self.do("wait", conn="c", call="a"), {"ok": True, "flags": "7", "payload": "6869"})
        self.assertEqual(self.do("do", conn="c", rq_type="2"), {"ok": True, "flags": "0", "payload": ""})
        self.assertEqual(self.do("do", conn="c", rq_type="2", payload="6869", decode="reverse")["payload"], "6968")
        self.assertEqual(self.kind("do", conn="c", rq_type="2", decode="raise"), "decode")
        self.assertEqual(self.kind("do", conn="c", rq_type="99"), "cancelled")
        self.assertEqual(self.kind("wait", conn="c", call="b"), "invalid")
        self.assertEqual(self.do("close", conn="c"), {})
        self.assertEqual(self.kind("do", conn="c", rq_type="2"), "invalid")

    def test_commands_that_wait_delay_no_other(self) -> None:
        self.open()
        joins = [self.send("join", conn="c"), self.send("join", conn="c")]
        self.assertEqual(self.do("shutdown", conn="c", block=True), {})
        for join in joins:
            self.assertEqual(self.reply(join), {"ended": "eof"})
        self.do("close", conn="c")

    def test_standard_handler(self) -> None:
        handle = self.open().handler
        assert handle
        for rq_type, payload, result in [
            (0, b"x", None),
            (1, b"x", 7),
            (2, b"\xff", b"\xff"),
            (3, b"\xc3\xa9", "\u00e9"),
            (3, b"\xed\xa0\x80", "\ud800"),
            (4, b"x", (7, b"x")),
            (7, b"ab", (0x11, b"ba")),
            (8, b"252", bytes(range(251)) + b"\0"),
            (9, b"hi", b"hi"),
            (10, b"negative", -1),
        ]:
            self.assertEqual(handle(rq_type, 7, payload), result)
        for rq_type, payload in (5, b"no"), (11, b""), (3, b"\xff"), (8, b"x"):
            self.assertRaises(ValueError, handle, rq_type, 0, payload)
        calls = self.do("seen", conn="c")["calls"]
        self.assertEqual(len(calls), 14)
        self.assertEqual(calls[2], {"rq_type": "2", "flags": "7", "payload": "ff"})
        self.do("close", conn="c")

    def test_gates(self) -> None:
        handle = self.open().handler
        assert handle
        self.do("release", conn="c", gate="early")
        self.assertEqual(handle(6, 0, b"early"), b"early")
        self.assertEqual(handle(6, 0, b"early"), b"early")  # it stays open
        held = [threading.Thread(target=handle, args=[6, 0, gate]) for gate in (b"g", b"g", b"never")]
        for thread in held:
            thread.start()
        self.do("release", conn="c", gate="g")
        for thread in held[:2]:
            thread.join(30)
            self.assertFalse(thread.is_alive())
        self.do("close", conn="c")  # lets the third go
        held[2].join(30)
        self.assertFalse(held[2].is_alive())

    def test_ticks(self) -> None:
        connection = self.open(tick="record", grace=0.05)
        self.assertEqual(connection.options.grace, 0.05)
        assert connection.options.tick
        connection.options.tick(b"\x00\x01")
        self.assertEqual(self.do("ticks", conn="c"), {"ticks": ["0001"]})
        self.do("close", conn="c")


if __name__ == "__main__":
    unittest.main()

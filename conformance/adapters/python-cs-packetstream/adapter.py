"""The packetspec adapter for cs.packetstream, the original implementation.

It implements version 1 of the adapter protocol. It reads commands from
standard input, carries them out on the installed release of the package, and
writes replies to standard output. Each is one JSON object on a line.

It detects the differences between releases by inspecting the package, never
by its version. Four classes do the work; each uses only those before it:

    Codec       the package's Packet, under the names of any release
    Driver      the package's PacketConnection, in three variants
    Connection  a connection with its two pipes and its standard handler
    Adapter     commands and their replies

The adapter neither corrects nor hides a defect of the package.
"""

import inspect
import json
import os
import re
import sys
import threading
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from importlib import metadata

try:
    from cs.buffer import CornuCopyBuffer
    from cs.packetstream import ClosedError, Packet, PacketConnection
    from cs.result import CancellationError
except ImportError as error:
    sys.exit(
        f"adapter.py: cannot import cs.packetstream: {error}\n"
        "hint: make an environment with ./setup and start it with ./run"
    )

PROTOCOL_VERSION = 1


class Failure(Exception):
    """A command's error, of one of the kinds that the protocol defines."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class DecoderFailed(Exception):
    """The exception that the response decoder `raise` raises."""


@contextmanager
def invalid_on(*exceptions):
    """Convert these exceptions, raised in the block, to a Failure `invalid`."""
    try:
        yield
    except exceptions as exc:
        raise Failure("invalid", describe(exc)) from exc


# The exceptions with which the package refuses a value. Some come from its own checks,
# others from a use of the value that fails.
REFUSED = ValueError, TypeError, AssertionError, OverflowError


def failure(exc):
    """Return the Failure for any exception."""
    for cls, kind in (
        (ClosedError, "closed"),
        (CancellationError, "cancelled"),
        (DecoderFailed, "decode"),
    ):
        if isinstance(exc, cls):
            return Failure(kind, describe(exc))
    return exc if isinstance(exc, Failure) else Failure("internal", describe(exc))


def describe(exc):
    """Return an exception in one line, with its type: some have no message."""
    return f"{type(exc).__name__}: {exc}"


class Fields:
    """The fields of a JSON object. A missing or malformed one raises `invalid`."""

    REQUIRED = object()

    def __init__(self, fields):
        if not isinstance(fields, dict):
            raise Failure("invalid", "a JSON object is needed")
        self.fields = fields

    def __contains__(self, name):
        return self.fields.get(name) is not None

    def get(self, name, cls, default=REQUIRED):
        """Return the field `name`, which must have the JSON type of `cls`."""
        value = self.fields.get(name)
        if value is None and default is not self.REQUIRED:
            return default
        if not isinstance(value, cls) or (isinstance(value, bool) and cls is not bool):
            what = "missing" if name not in self.fields else "ill-typed"
            raise Failure("invalid", f"field {name!r}: {what}")
        return value

    def text(self, name, default=REQUIRED):
        return self.get(name, str, default)

    def integer(self, name, default=REQUIRED):
        """Return an integer of the protocol, which is a decimal string."""
        digits = self.text(name, default)
        if digits is default:
            return default
        if not re.fullmatch("-?[0-9]+", digits, re.ASCII):
            raise Failure("invalid", f"field {name!r}: not a decimal integer")
        return int(digits)

    def octets(self, name, default=REQUIRED):
        """Return octets, which are a string of hexadecimal digits."""
        digits = self.text(name, default)
        if digits is default:
            return default
        octets = None
        with suppress(ValueError):
            octets = bytes.fromhex(digits)  # accepts blanks, which the protocol does not
        if octets is None or 2 * len(octets) != len(digits):
            raise Failure("invalid", f"field {name!r}: not pairs of hex digits")
        return octets

    def choice(self, name, choices, default):
        """Return a field that must be one of the strings `choices`."""
        word = self.text(name, default)
        if word not in choices:
            raise Failure("invalid", f"field {name!r}: none of {', '.join(choices)}")
        return word


class Codec:
    """The package's Packet, under the names of any release."""

    has_equality = Packet.__eq__ is not object.__eq__
    has_text = Packet.__str__ is not object.__str__
    # The constructor of old releases requires an rq_type. In later releases a response
    # has none, and this adapter passes none.
    always_typed = "rq_type" in inspect.signature(Packet.__init__).parameters

    @staticmethod
    def parse(octets):
        """Return the first packet of `octets`, and the number of octets it took."""
        buffer = CornuCopyBuffer([octets])
        parse = getattr(Packet, "parse", None) or Packet.from_buffer
        try:
            return parse(buffer), buffer.offset
        except EOFError as exc:  # raised for a whole body that is too short, too
            raise Failure("incomplete", describe(exc)) from exc
        except Exception as exc:
            raise Failure("malformed", describe(exc)) from exc

    @classmethod
    def packet(cls, form):
        """Return the Packet for a JSON form."""
        fields = Fields(form)
        attributes = {
            "is_request": fields.get("is_request", bool),
            "channel": fields.integer("channel"),
            "tag": fields.integer("tag"),
            "flags": fields.integer("flags"),
            "payload": fields.octets("payload"),
        }
        if "rq_type" in fields or cls.always_typed:
            attributes["rq_type"] = fields.integer("rq_type", None)
        elif attributes["is_request"]:
            raise Failure("invalid", "field 'rq_type': missing from a request")
        with invalid_on(*REFUSED):
            return Packet(**attributes)

    @staticmethod
    def octets(packet):
        with invalid_on(*REFUSED):
            return bytes(packet)

    @staticmethod
    def json(packet):
        """Return the JSON form of a parsed Packet."""
        form = {
            "is_request": bool(packet.is_request),
            "channel": str(packet.channel),
            "tag": str(packet.tag),
            "flags": str(packet.flags),
            "payload": packet.payload.hex(),
        }
        if packet.is_request:
            form["rq_type"] = str(packet.rq_type)
        return form


def fail_to_decode(flags, payload):
    raise DecoderFailed("the decoder was told to fail")


DECODERS = {
    "none": None,
    "reverse": lambda flags, payload: payload[::-1],
    "raise": fail_to_decode,
    "flags": lambda flags, payload: str(flags).encode(),
}

# The results of the standard handler for its request `invalid`. The package documents
# five kinds of result; these are of no such kind.
INVALID_RESULTS = {
    "float": 1.5,
    "list3": [1, 2, 3],
    "int-str": (1, "text"),
    "negative": -1,
}


def background(task, *args):
    threading.Thread(target=task, args=args, daemon=True).start()


class Driver:
    """A PacketConnection, and the calls that the package documents for each command.

    The calls differ between the releases, so there are three variants. This class
    is the variant for the releases up to 2021.

        command    to 2021           20240412            20240630
        open       the constructor   also a context      also a context
        request    request           request             submit
        do         do                do                  calling it
        shutdown   shutdown(block)   leaving it, once    leaving it, once
        join       join              join                join_recv

    A context can only be left in one way, whatever `block` says. A connection in
    a context does not end itself when the peer's stream has ended: its user has
    to wait for that within the context, and then leave it. This adapter does so.

    No code here closes a descriptor that the package may still use: once closed,
    its number may belong to another connection. Every release reads through a
    duplicate of `recv`, which it closes itself. The releases treat `send` in
    different ways, so each variant says what it passes.
    """

    def __init__(self, recv, send, **options):
        """Start a connection. It owns both descriptors, and closes them in the end."""
        # The package sends through a duplicate of `send`. The peer sees the end of the
        # stream only when every copy is closed, so this one is closed now.
        try:
            self.packets = PacketConnection(recv, send, **options)
        finally:
            os.close(recv)
            os.close(send)

    def request(self, **request):
        return self.packets.request(**request)

    def do(self, **request):
        return self.packets.do(**request)

    def shutdown(self, block):
        self.packets.shutdown(block)

    def join(self):
        self.packets.join()


class ContextDriver(Driver):
    """The variant for 20240412: a context, and a file for `send` that the user closes."""

    def __init__(self, recv, send, **options):
        self.send = os.fdopen(send, "wb")
        self.first = threading.Lock()  # the first call of shutdown acquires it, for good
        self.left = Future()
        self.context = ExitStack()
        try:
            self.packets = self.connect(recv, self.send, **options)
            self.context.enter_context(self.packets)
        finally:
            os.close(recv)
        background(self.end)

    def connect(self, recv, send, **options):
        return PacketConnection(recv, send, **options)

    def end(self):
        """Leave the context when the peer's stream has ended."""
        self.join()
        self.shutdown(True)

    def shutdown(self, block):
        """Leave the context. If another call does so already, wait for its outcome."""
        if self.first.acquire(blocking=False):
            try:
                self.left.set_result(self.leave())
            except BaseException as exc:
                self.left.set_exception(exc)
        self.left.result()

    def leave(self):
        """Leave the context, which sends everything, and close the file."""
        with suppress(BrokenPipeError), self.send:
            self.context.close()


class SubmitDriver(ContextDriver):
    """The variant for 20240630: the connection goes on while requests are pending."""

    def connect(self, recv, send, **options):
        return PacketConnection((recv, send), **options)

    def request(self, **request):
        return self.packets.submit(**request)

    def do(self, **request):
        return self.packets(**request)

    def join(self):
        self.packets.join_recv()

    def leave(self):
        try:
            self.context.close()
        finally:
            background(self.close)

    def close(self):
        """Wait with `join` until the sender has ended, and close the file."""
        with suppress(BrokenPipeError), self.send:
            self.packets.join()


if hasattr(PacketConnection, "shutdown"):
    ConnectionDriver = Driver
elif hasattr(PacketConnection, "request"):
    ConnectionDriver = ContextDriver
else:
    ConnectionDriver = SubmitDriver


class Connection:
    """A PacketConnection on two named pipes, with or without the standard handler.

    Its methods block as long as the package does; only `close` never blocks.
    """

    parameters = inspect.signature(PacketConnection.__init__).parameters
    has_grace = "packet_grace" in parameters
    has_tick = "tick" in parameters

    def __init__(self, recv_path, send_path, handler, name, grace, tick):
        """Open the pipes, first the receiving one, and start the connection.

        `grace` None means the package's default. `tick` is "none", "record" or
        "stderr".
        """
        self.seen = []  # (rq_type, flags, payload), in order of arrival
        self.ticks = []  # octets
        self.calls = {}  # the result objects of all requests, by call
        self.released = set()  # the names of open gates
        self.closing = False
        self.gates = threading.Condition()  # guards released and closing
        self.started = threading.Event()  # set once self.driver exists

        options = {"name": name}
        if handler:
            options["request_handler"] = self.handle
        if grace is not None:
            options["packet_grace"] = grace
        if tick != "none":
            options["tick"] = self.ticks.append if tick == "record" else True

        with invalid_on(OSError):
            recv = os.open(recv_path, os.O_RDONLY)
            try:
                send = os.open(send_path, os.O_WRONLY)
            except OSError:
                os.close(recv)
                raise
        self.driver = ConnectionDriver(recv, send, **options)
        self.started.set()

    def request(self, call, **request):
        """Submit a request. `wait` with the same `call` returns its response."""
        with invalid_on(*REFUSED):
            self.calls[call] = self.driver.request(**request)

    def wait(self, call):
        """Wait for the response to `call`, and return its (ok, flags, payload)."""
        if call not in self.calls:
            raise Failure("invalid", f"no request was made as call {call!r}")
        return self.calls[call]()

    def do(self, **request):
        """Submit a request, wait for its response and return (ok, flags, payload)."""
        with invalid_on(*REFUSED):
            return self.driver.do(**request)

    def shutdown(self, block):
        self.driver.shutdown(block)

    def join(self):
        self.driver.join()

    def release(self, gate):
        """Open a gate, for the handlers that wait there and for later ones."""
        with self.gates:
            self.released.add(gate)
            self.gates.notify_all()

    def close(self):
        """Abandon the connection, in any state.

        Handlers that wait at a gate go on. The rest ends in the background, at
        the latest when the peer has closed its ends of the pipes.
        """
        with self.gates:
            self.closing = True
            self.gates.notify_all()
        background(self.driver.shutdown, False)

    # The standard handler.

    def handle(self, rq_type, flags, payload):
        """Answer a request as the table of the adapter protocol specifies."""
        payload = bytes(payload)
        self.seen.append((rq_type, flags, payload))
        if rq_type not in self.HANDLERS:
            raise ValueError(f"the standard handler has no request {rq_type}")
        return self.HANDLERS[rq_type](self, flags, payload)

    def hold(self, flags, payload):
        gate = payload.decode()
        with self.gates:
            self.gates.wait_for(lambda: gate in self.released or self.closing)
        return payload

    def fail(self, flags, payload):
        raise RuntimeError(payload.decode())

    def large(self, flags, payload):
        size = int(payload)
        return (bytes(range(251)) * (size // 251 + 1))[:size]

    def call(self, flags, payload):
        self.started.wait()
        _, _, answer = self.driver.do(rq_type=2, payload=payload)
        return answer

    HANDLERS = {
        0: lambda self, flags, payload: None,
        1: lambda self, flags, payload: flags,
        2: lambda self, flags, payload: payload,
        3: lambda self, flags, payload: payload.decode("utf-8", "surrogatepass"),
        4: lambda self, flags, payload: (flags, payload),
        5: fail,
        6: hold,
        7: lambda self, flags, payload: (0x11, payload[::-1]),
        8: large,
        9: call,
        10: lambda self, flags, payload: INVALID_RESULTS[payload.decode()],
    }


class Adapter:
    """Carries out commands and writes their replies.

    Each command that may block runs in a thread of its own. The others run one
    after another in the thread that reads them.
    """

    def __init__(self, replies):
        self.replies = replies  # a binary stream
        self.writing = threading.Lock()  # guards replies
        self.connections = {}

    def serve(self, lines):
        """Carry out the commands in `lines` until they end."""
        for line in lines:
            if line.strip():
                self.take(line)

    def take(self, line):
        """Carry out one command, or start a thread that does."""
        number = None
        try:
            try:
                command = Fields(json.loads(line))
            except ValueError as exc:
                raise Failure("invalid", f"not JSON: {exc}") from exc
            number = command.fields.get("id")
            op = command.text("op")
            if op in self.BLOCKING:
                background(self.answer, number, self.BLOCKING[op], command)
            elif op in self.QUICK:
                self.answer(number, self.QUICK[op], command)
            else:
                raise Failure("unsupported", f"no such op: {op}")
        except Failure as exc:
            self.reply_failure(number, exc)

    def answer(self, number, op, command):
        """Carry out `op` and reply to command `number`, even if `op` raises."""
        try:
            self.reply({"id": number, **(op(self, command) or {})})
        except Exception as exc:
            self.reply_failure(number, failure(exc))

    def reply_failure(self, number, exc):
        self.reply({"id": number, "error": {"kind": exc.kind, "message": str(exc)}})

    def reply(self, message):
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        # If the runner no longer reads replies, the end of its commands follows.
        with self.writing, suppress(BrokenPipeError):
            self.replies.write(line)
            self.replies.flush()

    def hello(self, command):
        if command.get("version", int) != PROTOCOL_VERSION:
            raise Failure("unsupported", f"this adapter speaks version {PROTOCOL_VERSION}")
        abilities = {
            "equal": Codec.has_equality,
            "string": Codec.has_text,
            "grace": Connection.has_grace,
            "tick": Connection.has_tick,
            "decode-response": True,
            "decode-flags": True,
            "invalid-reply": True,
            "negative": True,
            "big-integers": True,
            "end-reason": True,
            # not "channels": the package refuses requests on all channels but 0
        }
        return {
            "version": PROTOCOL_VERSION,
            "name": "cs.packetstream",
            "release": metadata.version("cs.packetstream"),
            "language": "Python",
            "supports": [name for name, able in abilities.items() if able],
        }

    # The codec.

    @staticmethod
    def packet(command, name):
        return Codec.packet(command.get(name, dict))

    def encode(self, command):
        return {"bytes": Codec.octets(self.packet(command, "packet")).hex()}

    def decode(self, command):
        packet, consumed = Codec.parse(command.octets("bytes"))
        return {"packet": Codec.json(packet), "consumed": consumed}

    def equal(self, command):
        return {"equal": self.packet(command, "a") == self.packet(command, "b")}

    def string(self, command):
        return {"string": str(self.packet(command, "packet"))}

    # Connections.

    def open(self, command):
        name = command.text("conn")
        if name in self.connections:
            raise Failure("invalid", f"connection {name!r} is open already")
        grace = command.get("grace", (int, float), None)
        tick = command.choice("tick", ("none", "record", "stderr"), "none")
        if grace is not None and not Connection.has_grace:
            raise Failure("unsupported", "this release has no packet_grace")
        if tick != "none" and not Connection.has_tick:
            raise Failure("unsupported", "this release has no tick")
        self.connections[name] = Connection(
            command.text("recv"),
            command.text("send"),
            handler=command.get("handler", bool),
            name=command.text("name", None),
            grace=grace,
            tick=tick,
        )

    def connection(self, command):
        name = command.text("conn")
        if name not in self.connections:
            raise Failure("invalid", f"connection {name!r} is not open")
        return self.connections[name]

    def request(self, command):
        connection = self.connection(command)
        connection.request(command.text("call"), **self.request_of(command))

    def wait(self, command):
        return self.answer_of(self.connection(command).wait(command.text("call")))

    def do(self, command):
        connection = self.connection(command)
        return self.answer_of(connection.do(**self.request_of(command)))

    @staticmethod
    def request_of(command):
        """Return the arguments for the package's request."""
        return {
            "rq_type": command.integer("rq_type"),
            "flags": command.integer("flags", 0),
            "payload": command.octets("payload", b""),
            "decode_response": DECODERS[command.choice("decode", DECODERS, "none")],
            "channel": command.integer("channel", 0),
        }

    @staticmethod
    def answer_of(result):
        ok, flags, payload = result
        return {"ok": bool(ok), "flags": str(flags), "payload": payload.hex()}

    def release(self, command):
        self.connection(command).release(command.text("gate"))

    def seen(self, command):
        return {
            "calls": [
                {"rq_type": str(rq_type), "flags": str(flags), "payload": payload.hex()}
                for rq_type, flags, payload in list(self.connection(command).seen)
            ]
        }

    def tick_record(self, command):
        return {"ticks": [bytes(octets).hex() for octets in list(self.connection(command).ticks)]}

    def shutdown(self, command):
        self.connection(command).shutdown(command.get("block", bool))

    def join(self, command):
        """Report the end of the stream as far as the package does.

        Its join returns nothing, however the stream ended: to its user every end
        looks like EOF.
        """
        self.connection(command).join()
        return {"ended": "eof"}

    def close(self, command):
        self.connection(command).close()
        del self.connections[command.text("conn")]

    QUICK = {
        "hello": hello,
        "encode": encode,
        "decode": decode,
        "equal": equal,
        "string": string,
        "release": release,
        "seen": seen,
        "ticks": tick_record,
        "close": close,
    }
    BLOCKING = {
        "open": open,
        "request": request,
        "wait": wait,
        "do": do,
        "shutdown": shutdown,
        "join": join,
    }


def main():
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)  # protocol integers have no bound
    # Only replies may reach standard output. From here on, output that the package
    # prints goes to standard error.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    adapter = Adapter(replies)
    adapter.serve(sys.stdin.buffer)
    with adapter.writing:  # wait for a reply that is being written
        os._exit(0)  # ends the threads that still wait


if __name__ == "__main__":
    main()

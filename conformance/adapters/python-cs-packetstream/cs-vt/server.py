"""Serves a store of cs.vt on its standard input and output. It prints "ready" on the standard error when it receives:
a request that comes while release 20190221 of cs.packetstream starts may be lost.

    server.py            the store holds what is added
    server.py bytearray  and it has a bytearray for every other hash, which no handler may return
"""

import collections
import sys

import compat  # noqa: F401 (before cs.vt)
from cs.vt.store import MappingStore
from cs.vt.stream import StreamStore

mapping = collections.defaultdict(bytearray) if sys.argv[1:] == ["bytearray"] else {}
with MappingStore("server", mapping) as local:
    with StreamStore("server", 0, 1, local_store=local) as remote:
        print("ready", file=sys.stderr, flush=True)
        remote.join()

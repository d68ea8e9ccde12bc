"""Starts COMMAND, which serves a store, and uses it: adds, contains and gets, ROUNDS times. With "missing" it then
asks for a hash that the store does not have, and waits until a line of the command's standard error has FINDING.

    client.py ROUNDS ok|missing COMMAND ARG...
"""

import subprocess
import sys
import threading

import compat  # noqa: F401 (before cs.vt)
from cs.vt.hash import Hash_SHA1
from cs.vt.stream import StreamStore

rounds, missing, command = int(sys.argv[1]), sys.argv[2] == "missing", sys.argv[3:]
server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def show_until(word):
    for line in server.stderr:
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
        if word in line:
            break


show_until(b"ready\n")
with StreamStore("client", server.stdout.fileno(), server.stdin.fileno()) as store:
    for n in range(rounds):
        data = b"data %d" % n
        h = store.add(data)
        assert store.contains(h) and store.get(h) == data
    if missing:
        threading.Thread(target=store.get, args=(Hash_SHA1.from_chunk(b"missing"),), daemon=True).start()
        show_until(b"FINDING")
    rest = threading.Thread(target=show_until, args=(b"\0",))
    rest.start()
status = server.wait()
rest.join()
sys.exit(status)

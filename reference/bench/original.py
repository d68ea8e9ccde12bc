"""Measures the original: original.py OCTETS IN_FLIGHT SECONDS prints nanoseconds for one request."""

import os
import sys
import threading
import time

from cs.packetstream import PacketConnection

size, in_flight, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
near_recv, far_send = os.pipe()
far_recv, near_send = os.pipe()
far = PacketConnection(far_recv, far_send, lambda rq_type, flags, payload: payload, packet_grace=0)
near = PacketConnection(near_recv, near_send, packet_grace=0)
payload = bytes(size)
counts = [0] * in_flight
end = time.monotonic() + seconds
start = time.monotonic()


def ask(i):
    while time.monotonic() < end:
        ok, _, answer = near.do(1, 0, payload)
        assert ok and len(answer) == size
        counts[i] += 1


threads = [threading.Thread(target=ask, args=(i,), daemon=True) for i in range(in_flight)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(int((time.monotonic() - start) * 1e9 / max(1, sum(counts))), flush=True)
os._exit(0)

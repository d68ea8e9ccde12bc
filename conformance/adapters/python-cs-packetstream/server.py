from cs.packetstream import PacketConnection
def handler(rq_type, flags, payload):
    return payload
conn = PacketConnection(0, 1, handler)
conn.join()

#!/usr/bin/env bash
# websockets 10.4 (Debian 12, Python), its Sans-I/O Connection, which later versions build their faces on, and its asyncio server: a client
# sends the first fragment of a message, then a Close frame with 1000, as one does that gives a message up and leaves.
# Expected: 1000 in return: a Close frame is a control frame, and those may stand between fragments (RFC 6455, section 5.5).
# Seen: the Sans-I/O Connection takes that for a fault, in both roles: Close 1002, "incomplete fragmented message", and no code of the peer's
# is told. The asyncio server of the same package returns 1000.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root python3-websockets=10.4-1
for package in *.deb; do dpkg-deb -x "$package" debian; done
export PYTHONPATH="$folder/debian/usr/lib/python3/dist-packages"
cat >run.py <<'PYTHON'
import asyncio

import websockets
from websockets.connection import Connection, Side


def frames(masked):
    mask, key = (0x80, bytes(4)) if masked else (0, b'')
    first = bytes([0x01, mask | 1]) + key + b'a'
    close = bytes([0x88, mask | 2]) + key + (1000).to_bytes(2, 'big')
    return first + close


def told(frame):
    length = frame[1] & 0x7F
    payload = frame[2 : 2 + length]
    return f"Close {int.from_bytes(payload[:2], 'big')} {payload[2:].decode()}".strip()


server = Connection(Side.SERVER)
server.receive_data(frames(True))
print('a server, Sans-I/O:', told(server.data_to_send()[0]), server.events_received()[1:])
client = Connection(Side.CLIENT)
client.receive_data(frames(False))
written = client.data_to_send()[0]
key, payload = written[2:6], written[6:]
shown = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
print('a client, Sans-I/O:', told(bytes([written[0], len(shown)]) + shown), client.events_received()[1:])


async def over_tcp():
    async def handler(ws):
        await ws.wait_closed()

    async with websockets.serve(handler, '127.0.0.1', 0) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        fields = 'Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
        writer.write(f'GET / HTTP/1.1\r\n{fields}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'.encode())
        await reader.readuntil(b'\r\n\r\n')
        writer.write(frames(True))
        print('a server, asyncio:', told(await reader.read()))
        writer.close()


asyncio.run(asyncio.wait_for(over_tcp(), 20))
PYTHON
timeout 40 /usr/bin/python3 run.py | tee seen
diff - seen <<'EXPECTED'
a server, Sans-I/O: Close 1002 incomplete fragmented message []
a client, Sans-I/O: Close 1002 incomplete fragmented message []
a server, asyncio: Close 1000
EXPECTED
echo 'websockets 10.4: as written down'

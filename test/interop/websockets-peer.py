"""
One end of WebSocket connections, one at a time, on python3-websockets, under remote control: peers.ts tells how.

Usage: websockets-peer.py '{"role": "server", …}', which says on which port of 127.0.0.1 it listens, or
websockets-peer.py '{"role": "client", …}'. It ends when its standard input does.
"""
import asyncio
import base64
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

job = json.loads(sys.argv[1])
# None where it does not compress; an empty object asks for nothing in particular.
deflate = job.get("deflate")
if deflate is not None:
    deflate = {"compress_settings": {"memLevel": 5}, **deflate}
current = None
tasks = []
OPTIONS = {
    "subprotocols": job.get("subprotocols"),
    "compression": None,
    "max_size": 16 * 1024 * 1024,
    "ping_interval": None,
}


def say(event, **details):
    print(json.dumps({"event": event, **details}), flush=True)


def encode(data):
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def fragments_of(message):
    """The message in fragments of the size that the job asks for, or as it is."""
    size = job.get("fragment")
    if not size:
        return message
    return [message[at : at + size] for at in range(0, len(message), size)]


async def ping(connection, data):
    await (await connection.ping(data))
    say("pong", data=encode(data))


async def talk(connection):
    """Says what comes, until the connection has ended."""
    global current
    current = connection
    extensions = connection.response_headers.get("Sec-WebSocket-Extensions", "")
    say("open", subprotocol=connection.subprotocol or "", extensions=extensions)
    try:
        async for message in connection:
            say("message", binary=isinstance(message, bytes), data=encode(message))
    except websockets.ConnectionClosedError:
        pass
    await connection.wait_closed()
    say("close", code=connection.close_code, reason=connection.close_reason)


async def dial(url):
    extensions = deflate and [ClientPerMessageDeflateFactory(**deflate)]
    async with websockets.connect(url, extensions=extensions, **OPTIONS) as connection:
        await talk(connection)


async def obey(command):
    data = base64.b64decode(command.get("data", ""))
    if command["do"] == "connect":
        start(dial(command["url"]))
    elif command["do"] == "send":
        await current.send(fragments_of(data if command["binary"] else data.decode()))
    elif command["do"] == "ping":
        start(ping(current, data))
    elif command["do"] == "close":
        start(current.close(command["code"], command["reason"]))
    elif command["do"] == "drop":
        current.transport.abort()


def start(coroutine):
    tasks.append(asyncio.ensure_future(coroutine))


async def main():
    server = None
    if job["role"] == "server":
        extensions = deflate and [ServerPerMessageDeflateFactory(**deflate)]
        server = await websockets.serve(talk, "127.0.0.1", 0, extensions=extensions, **OPTIONS)
        say("port", port=server.sockets[0].getsockname()[1])
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await obey(json.loads(line))


asyncio.run(asyncio.wait_for(main(), 300))

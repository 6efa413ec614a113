"""
The other side of deflate.test.ts on python3-websockets. Takes one argument, JSON:

  {"role": "server", "options": {...}}
      Echoes on a free port of 127.0.0.1, which it prints, until its standard input ends. A message that came whole goes
      back whole, or in three fragments when "fragmented" is true.
  {"role": "client", "options": {...}, "url": "ws://...", "sizes": [...], "large": [...], "seed": 1}
      Sends messages of these sizes as text and as bytes, whole and in fragments (the large ones only as bytes in
      fragments), and expects each of them back. Prints the extension agreed on and "ok".
"""
import asyncio
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

MAX_SIZE = 16 * 1024 * 1024


def text_of(length, seed):
    words = ["hello ", "world ", '{"id":', '"name":', "},", "grüße ", "日本語", str(seed)]
    parts = []
    total = 0
    state = seed
    while total < length:
        state = (state * 1103515245 + 12345) % 2**31
        word = words[(state >> 16) % len(words)]
        parts.append(word)
        total += len(word)
    return "".join(parts)[:length]


def fragments_of(message):
    third = max(1, len(message) // 3)
    return [message[:third], message[third : 2 * third], message[2 * third :]]


async def serve(job):
    async def echo(connection):
        async for message in connection:
            await connection.send(fragments_of(message) if job.get("fragmented") else message)

    extensions = [ServerPerMessageDeflateFactory(**job["options"])]
    async with websockets.serve(
        echo, "127.0.0.1", 0, extensions=extensions, compression=None, max_size=MAX_SIZE
    ) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def connect(job):
    extensions = [ClientPerMessageDeflateFactory(**job["options"])]
    async with websockets.connect(
        job["url"], extensions=extensions, compression=None, max_size=MAX_SIZE
    ) as connection:
        for index, size in enumerate(job["sizes"] + job["large"]):
            text = text_of(size, job["seed"] + index % 3)
            data = text.encode()
            if size in job["large"]:
                sendings = [(data, fragments_of(data))]
            else:
                sendings = [(text, text), (data, data), (text, fragments_of(text)), (data, fragments_of(data))]
            for message, sent in sendings:
                await connection.send(sent)
                received = await connection.recv()
                assert received == message, f"size {size}: {len(received)} came back"
        agreed = connection.response_headers.get("Sec-WebSocket-Extensions", "")
    print(json.dumps({"agreed": agreed, "result": "ok"}), flush=True)


job = json.loads(sys.argv[1])
asyncio.run(asyncio.wait_for({"server": serve, "client": connect}[job["role"]](job), 60))

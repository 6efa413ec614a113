import asyncio, os, sys
import websockets

LIMIT = int(os.environ["LIMIT"])
PROTOCOLS = [name for name in os.environ.get("PROTOCOLS", "").split(",") if name] or None


async def serve(ws, path=None):
    try:
        async for message in ws:
            if not isinstance(message, str) or not message.startswith("!"):
                await ws.send(message)
                continue
            command, _, rest = message[1:].partition(" ")
            if command == "close":
                code, _, reason = rest.partition(" ")
                await ws.close(*((int(code), reason) if code else ()))
            elif command == "ping":
                await (await ws.ping(rest))
                await ws.send("pong " + rest)
            elif command == "fragments":
                await ws.send(["one ", "two ", "three"])
            elif command == "protocol":
                await ws.send(ws.subprotocol or "")
            elif command == "abort":
                ws.transport.abort()
            else:
                await ws.send("can't")
    except websockets.ConnectionClosed:
        pass
    await ws.wait_closed()
    print("closed", ws.close_code, ws.close_reason, flush=True)


async def main():
    options = dict(max_size=LIMIT, subprotocols=PROTOCOLS, ping_interval=None)
    if sys.argv[1] == "server":
        async with websockets.serve(serve, "127.0.0.1", 0, **options) as server:
            print("port", server.sockets[0].getsockname()[1], flush=True)
            await asyncio.Future()
    while True:
        async with websockets.connect(sys.argv[2], **options) as ws:
            await serve(ws)


if len(sys.argv) > 1:
    asyncio.run(main())

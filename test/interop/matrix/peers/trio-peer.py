"""trio-websocket, both roles: trio-peer.py server|client URL"""
import os, sys
import trio
from trio_websocket import ConnectionClosed, HandshakeError, open_websocket_url, serve_websocket

LIMIT = int(os.environ["LIMIT"])
PROTOCOLS = [name for name in os.environ.get("PROTOCOLS", "").split(",") if name]


async def talk(ws):
    try:
        while True:
            message = await ws.get_message()
            if not isinstance(message, str) or not message.startswith("!"):
                await ws.send_message(message)
                continue
            command, _, rest = message[1:].partition(" ")
            if command == "close":
                code, _, reason = rest.partition(" ")
                await ws.aclose(*((int(code), reason) if code else ()))
            elif command == "ping":
                await ws.ping(rest.encode())
                await ws.send_message("pong " + rest)
            elif command == "protocol":
                await ws.send_message(ws.subprotocol or "")
            else:
                await ws.send_message("can't")
    except ConnectionClosed as error:
        reason = error.reason
        print("closed", reason.code if reason else 1006, (reason and reason.reason) or "", flush=True)


async def serve(request):
    chosen = next((name for name in request.proposed_subprotocols if name in PROTOCOLS), None)
    await talk(await request.accept(subprotocol=chosen))


async def main():
    if sys.argv[1] == "server":
        async with trio.open_nursery() as nursery:
            server = await nursery.start(lambda task_status: serve_websocket(
                serve, "127.0.0.1", 0, None, max_message_size=LIMIT, task_status=task_status))
            print("port", server.port, flush=True)
            await trio.sleep_forever()
    while True:
        try:
            async with open_websocket_url(sys.argv[2], subprotocols=PROTOCOLS, max_message_size=LIMIT) as ws:
                await talk(ws)
        except (HandshakeError, ConnectionClosed):
            await trio.sleep(0.2)


trio.run(main)

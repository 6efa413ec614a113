"""An ASGI application, under Hypercorn, Daphne or Uvicorn: asgi-peer.py server SERVER."""
import asyncio, os, socket, sys

LIMIT = int(os.environ["LIMIT"])
PROTOCOLS = [name for name in os.environ.get("PROTOCOLS", "").split(",") if name]


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            await send({"type": event["type"] + ".complete"})
            if event["type"] == "lifespan.shutdown":
                return
    await receive()
    chosen = next((name for name in scope["subprotocols"] if name in PROTOCOLS), None)
    await send({"type": "websocket.accept", "subprotocol": chosen})
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            return print("closed", event.get("code"), event.get("reason") or "", flush=True)
        text = event.get("text")
        if text is None:
            await send({"type": "websocket.send", "bytes": event["bytes"]})
            continue
        command, _, rest = text[1:].partition(" ")
        if not text.startswith("!"):
            await send({"type": "websocket.send", "text": text})
        elif command == "close":
            code, _, reason = rest.partition(" ")
            await send({"type": "websocket.close", **({"code": int(code), "reason": reason} if code else {})})
            return print("closed", code or 1000, reason, flush=True)
        elif command == "protocol":
            await send({"type": "websocket.send", "text": chosen or ""})
        else:
            await send({"type": "websocket.send", "text": "can't"})


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
port = listener.getsockname()[1]
kind, _, how = sys.argv[2].partition("/")
if kind == "uvicorn":
    import uvicorn

    print("port", port, flush=True)
    config = uvicorn.Config(app, ws=how, ws_max_size=LIMIT, log_level="critical")
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
    sys.exit()

listener.close()
print("port", port, flush=True)
if kind == "daphne":
    from daphne.server import Server

    Server(app, endpoints=[f"tcp:port={port}:interface=127.0.0.1"], ready_callable=None, signal_handlers=False).run()
else:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.websocket_max_message_size = LIMIT
    config.loglevel = "CRITICAL"
    if how == "h2":
        config.certfile = os.environ["WORK"] + "/cert.pem"
        config.keyfile = os.environ["WORK"] + "/key.pem"
    asyncio.run(serve(app, config))

import asyncio, os, sys
import aiohttp
from aiohttp import web

LIMIT = int(os.environ["LIMIT"])
PROTOCOLS = [name for name in os.environ.get("PROTOCOLS", "").split(",") if name]


async def serve(ws, abort):
    async for message in ws:
        if message.type == aiohttp.WSMsgType.BINARY:
            await ws.send_bytes(message.data)
            continue
        if message.type != aiohttp.WSMsgType.TEXT:
            continue
        if not message.data.startswith("!"):
            await ws.send_str(message.data)
            continue
        command, _, rest = message.data[1:].partition(" ")
        if command == "close":
            code, _, reason = rest.partition(" ")
            await ws.close(**(dict(code=int(code), message=reason.encode()) if code else {}))
        elif command == "protocol":
            await ws.send_str(ws.protocol or "")
        elif command == "abort":
            abort()
        else:
            await ws.send_str("can't")
    print("closed", ws.close_code, "", flush=True)


async def handle(request):
    ws = web.WebSocketResponse(max_msg_size=LIMIT, protocols=PROTOCOLS)
    await ws.prepare(request)
    await serve(ws, lambda: request.transport.abort())
    return ws


async def main():
    if sys.argv[1] == "server":
        app = web.Application()
        app.add_routes([web.get("/{path:.*}", handle)])
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print("port", site._server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Event().wait()
    while True:
        async with aiohttp.ClientSession() as session:
            options = dict(max_msg_size=LIMIT, protocols=PROTOCOLS, compress=15)
            async with session.ws_connect(sys.argv[2], **options) as ws:
                await serve(ws, lambda: ws._response.connection.transport.abort())


asyncio.run(main())

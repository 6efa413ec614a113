import asyncio, os, sys
from tornado import httpserver, netutil, web, websocket

LIMIT = int(os.environ["LIMIT"])
PROTOCOLS = [name for name in os.environ.get("PROTOCOLS", "").split(",") if name]


class Echo(websocket.WebSocketHandler):
    def check_origin(self, origin):
        return True

    def select_subprotocol(self, offered):
        return next((name for name in offered if name in PROTOCOLS), None)

    def get_compression_options(self):
        return {}

    async def on_message(self, message):
        if not isinstance(message, str) or not message.startswith("!"):
            return await self.write_message(message, binary=isinstance(message, bytes))
        command, _, rest = message[1:].partition(" ")
        if command == "close":
            code, _, reason = rest.partition(" ")
            self.close(*((int(code), reason) if code else ()))
        elif command == "ping":
            self.pinged = rest
            self.ping(rest.encode())
        elif command == "protocol":
            await self.write_message(self.selected_subprotocol or "")
        elif command == "abort":
            self.ws_connection.stream.close()
        else:
            await self.write_message("can't")

    def on_pong(self, data):
        if getattr(self, "pinged", None) is not None:
            self.pinged = None
            self.write_message("pong " + data.decode())

    def on_close(self):
        print("closed", self.close_code, self.close_reason or "", flush=True)


async def client(url):
    ws = await websocket.websocket_connect(
        url, compression_options={}, max_message_size=LIMIT, subprotocols=PROTOCOLS or None
    )
    while True:
        message = await ws.read_message()
        if message is None:
            return print("closed", ws.close_code, ws.close_reason or "", flush=True)
        if not isinstance(message, str) or not message.startswith("!"):
            await ws.write_message(message, binary=isinstance(message, bytes))
            continue
        command, _, rest = message[1:].partition(" ")
        if command == "close":
            code, _, reason = rest.partition(" ")
            ws.close(*((int(code), reason) if code else ()))
        elif command == "protocol":
            await ws.write_message(ws.selected_subprotocol or "")
        elif command == "abort":
            ws.protocol.stream.close()
        else:
            await ws.write_message("can't")


async def main():
    if sys.argv[1] == "server":
        sockets = netutil.bind_sockets(0, "127.0.0.1")
        server = httpserver.HTTPServer(web.Application([(r"/.*", Echo)], websocket_max_message_size=LIMIT))
        server.add_sockets(sockets)
        print("port", sockets[0].getsockname()[1], flush=True)
        await asyncio.Event().wait()
    while True:
        await client(sys.argv[2])


asyncio.run(main())

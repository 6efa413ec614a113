"""ws4py, both roles: ws4py-peer.py server|client URL"""
import os, sys
from ws4py.client.threadedclient import WebSocketClient
from ws4py.server.wsgirefserver import WSGIServer, WebSocketWSGIRequestHandler
from ws4py.server.wsgiutils import WebSocketWSGIApplication
from ws4py.websocket import WebSocket
from ws4py.messaging import PingControlMessage
from wsgiref.simple_server import make_server

PROTOCOLS = [name for name in os.environ.get("PROTOCOLS", "").split(",") if name]


class Peer:
    def received_message(self, message):
        if message.is_binary or not message.data.startswith(b"!"):
            return self.send(message.data, message.is_binary)
        command, _, rest = message.data[1:].decode().partition(" ")
        if command == "close":
            code, _, reason = rest.partition(" ")
            self.close(*((int(code), reason) if code else ()))
        elif command == "ping":
            self.ping(rest)
        elif command == "fragments":
            self.send(part for part in (b"one ", b"two ", b"three"))
        elif command == "protocol":
            self.send(",".join(name.decode() if isinstance(name, bytes) else name for name in self.protocols or []))
        elif command == "abort":
            self.close_connection()
        else:
            self.send("can't")

    def ponged(self, pong):
        if pong.data:
            self.send("pong " + pong.data.decode())

    def closed(self, code, reason=None):
        print("closed", code, reason.decode() if isinstance(reason, bytes) else reason or "", flush=True)


class Server(Peer, WebSocket):
    pass


class Client(Peer, WebSocketClient):
    pass


if sys.argv[1] == "server":
    handler = type("Quiet", (WebSocketWSGIRequestHandler,), {"log_message": lambda *_: None})
    app = WebSocketWSGIApplication(handler_cls=Server, protocols=PROTOCOLS)
    server = make_server("127.0.0.1", 0, server_class=WSGIServer, handler_class=handler, app=app)
    server.initialize_websockets_manager()
    print("port", server.server_port, flush=True)
    server.serve_forever()
while True:
    ws = Client(sys.argv[2], protocols=PROTOCOLS or None)
    ws.connect()
    ws.run_forever()

"""gevent-websocket, a server: gevent-peer.py server"""
import os
from gevent.pywsgi import WSGIServer
from geventwebsocket.exceptions import WebSocketError
from geventwebsocket.handler import WebSocketHandler

LIMIT = int(os.environ["LIMIT"])


class Server(WSGIServer):
    pass


def app(environ, start_response):
    ws = environ["wsgi.websocket"]
    try:
        while True:
            message = ws.receive()
            if message is None:
                break
            if not isinstance(message, str) or not message.startswith("!"):
                ws.send(message)
                continue
            command, _, rest = message[1:].partition(" ")
            if command == "close":
                code, _, reason = rest.partition(" ")
                ws.close(*((int(code), reason) if code else ()))
                break
            elif command == "abort":
                ws.stream.handler.socket.close()
                break
            else:
                ws.send("can't")
    except WebSocketError:
        pass
    print("closed", flush=True)
    return []


server = Server(("127.0.0.1", 0), app, handler_class=WebSocketHandler, log=None, error_log=None)
server.start()
print("port", server.server_port, flush=True)
server.serve_forever()

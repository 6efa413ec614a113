"""autobahn-python on asyncio, both roles: autobahn-peer.py server|client URL"""
import asyncio, os, sys
from autobahn.asyncio.websocket import (
    WebSocketClientFactory, WebSocketClientProtocol, WebSocketServerFactory, WebSocketServerProtocol,
)
from autobahn.websocket.compress import (
    PerMessageDeflateOffer, PerMessageDeflateOfferAccept, PerMessageDeflateResponse, PerMessageDeflateResponseAccept,
)

LIMIT = int(os.environ["LIMIT"])
PROTOCOLS = [name for name in os.environ.get("PROTOCOLS", "").split(",") if name]


class Peer:
    def onMessage(self, payload, isBinary):
        if isBinary or not payload.startswith(b"!"):
            return self.sendMessage(payload, isBinary)
        command, _, rest = payload[1:].decode().partition(" ")
        if command == "close":
            code, _, reason = rest.partition(" ")
            try:
                self.sendClose(*((int(code), reason) if code else ()))
            except Exception:
                self.sendMessage(b"can't")
        elif command == "ping":
            self.sendPing(rest.encode())
        elif command == "fragments":
            self.beginMessage()
            for part in (b"one ", b"two ", b"three"):
                self.sendMessageFrame(part)
            self.endMessage()
        elif command == "protocol":
            self.sendMessage((self.websocket_protocol_in_use or "").encode())
        elif command == "abort":
            self.dropConnection(abort=True)
        else:
            self.sendMessage(b"can't")

    def onPong(self, payload):
        if payload:
            self.sendMessage(b"pong " + payload)

    def onClose(self, wasClean, code, reason):
        print("closed", code, reason or "", flush=True)
        if hasattr(self.factory, "over"):
            self.factory.over.set()


class Server(Peer, WebSocketServerProtocol):
    pass


class Client(Peer, WebSocketClientProtocol):
    pass


def deflate(offers):
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return PerMessageDeflateOfferAccept(offer)


def inflate(response):
    if isinstance(response, PerMessageDeflateResponse):
        return PerMessageDeflateResponseAccept(response)


async def main():
    loop = asyncio.get_running_loop()
    if sys.argv[1] == "server":
        factory = WebSocketServerFactory(protocols=PROTOCOLS)
        factory.protocol = Server
        factory.setProtocolOptions(maxMessagePayloadSize=LIMIT, perMessageCompressionAccept=deflate)
        server = await loop.create_server(factory, "127.0.0.1", 0)
        print("port", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Event().wait()
    host, port = sys.argv[2].split("//")[1].strip("/").split(":")
    while True:
        factory = WebSocketClientFactory(sys.argv[2], protocols=PROTOCOLS)
        factory.protocol = Client
        factory.over = asyncio.Event()
        factory.setProtocolOptions(
            maxMessagePayloadSize=LIMIT,
            perMessageCompressionOffers=[PerMessageDeflateOffer()],
            perMessageCompressionAccept=inflate,
        )
        await loop.create_connection(factory, host, int(port))
        await factory.over.wait()


asyncio.run(main())

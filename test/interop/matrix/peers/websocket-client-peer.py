import os, sys
import websocket

PROTOCOLS = [name for name in os.environ.get("PROTOCOLS", "").split(",") if name]


def serve(ws):
    while True:
        opcode, frame = ws.recv_data_frame(True)
        data = frame.data
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            code = int.from_bytes(data[:2], "big") if len(data) >= 2 else 1005
            return print("closed", code, data[2:].decode(), flush=True)
        if opcode == websocket.ABNF.OPCODE_PONG and data:
            ws.send("pong " + data.decode())
        if opcode == websocket.ABNF.OPCODE_BINARY:
            ws.send_binary(data)
        if opcode != websocket.ABNF.OPCODE_TEXT:
            continue
        text = data.decode()
        command, _, rest = text[1:].partition(" ")
        if not text.startswith("!"):
            ws.send(text)
        elif command == "close":
            code, _, reason = rest.partition(" ")
            if code:
                ws.send_close(int(code), reason.encode())
            else:
                ws.send(b"", websocket.ABNF.OPCODE_CLOSE)
        elif command == "ping":
            ws.ping(rest)
        elif command == "fragments":
            for fin, opcode, part in ((0, 1, "one "), (0, 0, "two "), (1, 0, "three")):
                ws.send_frame(websocket.ABNF.create_frame(part, opcode, fin))
        elif command == "protocol":
            ws.send(ws.getsubprotocol() or "")
        elif command == "abort":
            ws.sock.close()
            return print("closed 1006", flush=True)
        else:
            ws.send("can't")


while True:
    ws = websocket.create_connection(sys.argv[2], subprotocols=PROTOCOLS or None)
    try:
        serve(ws)
    except Exception as error:
        print("closed 1006", type(error).__name__, error, flush=True)
    finally:
        ws.close()

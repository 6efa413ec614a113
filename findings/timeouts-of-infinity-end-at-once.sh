#!/usr/bin/env bash
# Options that are lengths of time, given as Infinity, in ten libraries on Node 26.10.0, whose types say `number` of each; a server that
# answers within 100 ms.
# Expected: no timeout and no heartbeat, as the word says, or an error at once.
# Seen: setTimeout() takes Infinity for 1 ms. reconnecting-websocket 4.4.0, partysocket 1.3.0, @stomp/stompjs 7.5.0, centrifuge 5.8.0,
# @microsoft/signalr 10.0.11 and socket.io-client 4.8.4 give up every attempt after it, and never connect; phoenix 1.8.16 takes the
# heartbeat for lost, and the connection with it, again and again; the server of socket.io 4.8.4 ends whoever connects. graphql-ws 6.4.2
# means what it says, and ws 8.23.0 throws a RangeError.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund node@26.10.0 ws@8.23.0 reconnecting-websocket@4.4.0 partysocket@1.3.0 @stomp/stompjs@7.5.0 \
  centrifuge@5.8.0 @microsoft/signalr@10.0.11 socket.io@4.8.4 socket.io-client@4.8.4 phoenix@1.8.16 graphql-ws@6.4.2 graphql@16.15.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const http = require('node:http');
const signalR = require('@microsoft/signalr');
const { Client } = require('@stomp/stompjs');
const { Centrifuge } = require('centrifuge');
const { createClient } = require('graphql-ws');
const { default: PartySocket } = require('partysocket/ws');
const phoenix = require('phoenix');
const ReconnectingWebSocket = require('reconnecting-websocket');
const { Server } = require('socket.io');
const { io } = require('socket.io-client');
const WebSocket = require('ws');

// Clients that give up an attempt of ws's before it is open have it say so here.
process.on('uncaughtException', ({ message }) => {
  if (!message.includes('before the connection was established')) throw new Error(message);
});

/** A server of WebSockets that takes 50 ms for its handshake, and 50 ms for what it answers, if anything. */
async function serve(answer = () => undefined) {
  const server = http.createServer();
  const webSockets = new WebSocket.WebSocketServer({ noServer: true });
  server.on('upgrade', (...all) => setTimeout(() => webSockets.handleUpgrade(...all, accept), 50));
  const accept = (socket) => {
    socket.on('error', () => {});
    socket.on('message', (bytes) => {
      const text = answer(`${bytes}`);
      if (text !== undefined) setTimeout(() => socket.send(text), 50);
    });
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `ws://127.0.0.1:${server.address().port}/`;
}

/** Each starts a client, and tells `up` and `down` as its library does. */
const clients = {
  'reconnecting-websocket, connectionTimeout': async (length, up, down) => {
    const options = { WebSocket, connectionTimeout: length, maxReconnectionDelay: 100, minReconnectionDelay: 50 };
    const socket = new ReconnectingWebSocket(await serve(), [], options);
    socket.onopen = up;
    socket.onclose = down;
  },
  'partysocket, connectionTimeout': async (length, up, down) => {
    const options = { connectionTimeout: length, maxReconnectionDelay: 100, minReconnectionDelay: 50 };
    const socket = new PartySocket(await serve(), [], options);
    socket.onopen = up;
    socket.onclose = down;
  },
  '@stomp/stompjs, connectionTimeout': async (length, up, down) => {
    const url = await serve((text) => (text.startsWith('CONNECT') ? 'CONNECTED\nversion:1.2\n\n\0' : undefined));
    const webSocketFactory = () => new WebSocket(url, ['v12.stomp']);
    new Client({ webSocketFactory, connectionTimeout: length, reconnectDelay: 50, onConnect: up, onWebSocketClose: down }).activate();
  },
  'centrifuge, timeout': async (length, up, down) => {
    const url = await serve((text) => (text.includes('connect') ? '{"id":1,"connect":{"client":"a","version":"1"}}' : undefined));
    const client = new Centrifuge(url, { websocket: WebSocket, timeout: length, minReconnectDelay: 50, maxReconnectDelay: 100 });
    client.on('connected', up).on('error', down).connect();
  },
  '@microsoft/signalr, serverTimeoutInMilliseconds': async (length, up, down) => {
    const url = await serve((text) => (text.includes('protocol') ? '{}\x1e' : undefined));
    const transport = { skipNegotiation: true, transport: signalR.HttpTransportType.WebSockets };
    const builder = new signalR.HubConnectionBuilder().withUrl(url.replace('ws', 'http'), transport);
    const connection = builder.configureLogging(signalR.LogLevel.None).build();
    connection.serverTimeoutInMilliseconds = length;
    connection.start().then(up, down);
  },
  'socket.io-client, timeout': async (length, up, down) => {
    const server = http.createServer().listen(0, '127.0.0.1');
    new Server(server);
    await once(server, 'listening');
    const url = `http://127.0.0.1:${server.address().port}`;
    const socket = io(url, { timeout: length, reconnectionDelay: 50, reconnectionDelayMax: 100, transports: ['websocket'] });
    socket.on('connect', up).on('connect_error', down);
  },
  'socket.io, connectTimeout': async (length, up, down) => {
    const server = http.createServer().listen(0, '127.0.0.1');
    new Server(server, { connectTimeout: length });
    await once(server, 'listening');
    const url = `http://127.0.0.1:${server.address().port}`;
    const options = { reconnectionDelay: 300, randomizationFactor: 0, transports: ['websocket'], forceNew: true };
    const socket = io(url, { ...options, auth: (give) => setTimeout(give, 50, {}) });
    socket.on('connect', up).io.on('close', down);
  },
  'phoenix, heartbeatIntervalMs': async (length, up, down) => {
    const url = await serve((text) => {
      const [, id, topic] = JSON.parse(text);
      return JSON.stringify([null, id, topic, 'phx_reply', { status: 'ok', response: {} }]);
    });
    const socket = new phoenix.Socket(url, { transport: WebSocket, heartbeatIntervalMs: length, reconnectAfterMs: () => 50 });
    socket.onOpen(up);
    socket.onClose(down);
    socket.connect();
  },
  'graphql-ws, connectionAckWaitTimeout and keepAlive': async (length, up, down) => {
    const url = await serve((text) => (text.includes('connection_init') ? '{"type":"connection_ack"}' : '{"type":"pong"}'));
    const on = { connected: up, closed: down };
    createClient({ url, webSocketImpl: WebSocket, lazy: false, connectionAckWaitTimeout: length, keepAlive: length, on });
  },
  'ws, handshakeTimeout': async (length, up, down) => {
    const socket = new WebSocket(await serve(), { handshakeTimeout: length });
    socket.on('open', up).on('error', down);
  },
};

(async () => {
  for (const [name, start] of Object.entries(clients)) {
    const seen = [];
    for (const length of [60_000, Infinity]) {
      let ups = 0;
      let downs = 0;
      let error;
      await start(length, () => (ups += 1), () => (downs += 1)).catch(({ name, code }) => (error = code ?? name));
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const many = (count) => (count > 1 ? 'again and again' : count === 1 ? 'once' : 'never');
      seen.push(`${length === Infinity ? 'Infinity' : 'a minute'}: ${error ?? `connected ${many(ups)}, lost ${many(downs)}`}`);
    }
    console.log(`${name}; ${seen.join('; ')}`);
  }
  process.exit();
})();
JS
timeout 100 node_modules/node/bin/node --no-warnings run.cjs | tee seen
diff - seen <<'EXPECTED'
reconnecting-websocket, connectionTimeout; a minute: connected once, lost never; Infinity: connected never, lost again and again
partysocket, connectionTimeout; a minute: connected once, lost never; Infinity: connected never, lost again and again
@stomp/stompjs, connectionTimeout; a minute: connected once, lost never; Infinity: connected never, lost again and again
centrifuge, timeout; a minute: connected once, lost never; Infinity: connected never, lost again and again
@microsoft/signalr, serverTimeoutInMilliseconds; a minute: connected once, lost never; Infinity: connected never, lost once
socket.io-client, timeout; a minute: connected once, lost never; Infinity: connected never, lost again and again
socket.io, connectTimeout; a minute: connected once, lost never; Infinity: connected never, lost again and again
phoenix, heartbeatIntervalMs; a minute: connected once, lost never; Infinity: connected again and again, lost again and again
graphql-ws, connectionAckWaitTimeout and keepAlive; a minute: connected once, lost never; Infinity: connected once, lost never
ws, handshakeTimeout; a minute: connected once, lost never; Infinity: ERR_OUT_OF_RANGE
EXPECTED
echo 'ten libraries: as written down'

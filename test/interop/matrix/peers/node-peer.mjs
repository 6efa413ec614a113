// The packages of npm and the WebSocket of a runtime: node-peer.mjs client URL|server KIND
import { createRequire } from 'node:module';
import http from 'node:http';

const limit = Number(process.env.LIMIT);
const protocols = (process.env.PROTOCOLS ?? '').split(',').filter(Boolean);
const closed = (code, reason) => console.log(`closed ${code} ${reason}`);
const kind = process.argv[process.argv[2] === 'server' ? 3 : 4];
const require = createRequire(import.meta.url);

/** What a text says, over what a stack can do. Returns whether it was a command. */
function obey(text, can) {
  if (!text.startsWith('!')) return false;
  const [command, ...rest] = text.slice(1).split(' ');
  if (command === 'close') can.close(...(rest.length > 0 ? [Number(rest[0]), rest.slice(1).join(' ')] : []));
  else if (can[command] !== undefined) can[command](rest.join(' '));
  else can.send("can't");
  return true;
}

function serveWs(ws) {
  const can = {
    send: (text) => ws.send(text),
    close: (...how) => ws.close(...how),
    ping: (data) => ws.ping(data),
    protocol: () => ws.send(ws.protocol),
    abort: () => ws.terminate(),
    fragments: () => {
      ws.send('one ', { fin: false });
      ws.send('two ', { fin: false });
      ws.send('three', { fin: true });
    },
  };
  ws.on('pong', (data) => data.length > 0 && ws.send(`pong ${data}`));
  ws.on('message', (data, binary) => (!binary && obey(String(data), can)) || ws.send(data, { binary }));
  ws.on('error', () => {});
  ws.on('close', (code, reason) => closed(code, reason));
}

function serveFaye(ws) {
  const can = {
    send: (text) => ws.send(text),
    close: (...how) => ws.close(...how),
    ping: (data) => ws.ping(data, () => ws.send(`pong ${data}`)),
    protocol: () => ws.send(ws.protocol ?? ''),
  };
  ws.on('message', ({ data }) => (typeof data === 'string' && obey(data, can)) || ws.send(data));
  ws.on('close', ({ code, reason }) => closed(code, reason));
}

function serveWebsocket(connection) {
  const can = {
    send: (text) => connection.sendUTF(text),
    close: (code, reason) => (code === undefined ? connection.close() : connection.drop(code, reason, false)),
    ping: (data) => connection.ping(data),
    protocol: () => connection.sendUTF(connection.protocol ?? ''),
    abort: () => connection.socket.destroy(),
  };
  connection.on('pong', (data) => data.length > 0 && connection.sendUTF(`pong ${data}`));
  connection.on('message', ({ type, utf8Data, binaryData }) =>
    type === 'utf8' ? obey(utf8Data, can) || connection.sendUTF(utf8Data) : connection.sendBytes(binaryData),
  );
  connection.on('close', (code, reason) => closed(code, reason));
}

function serveNodejsWebsocket(connection) {
  const can = {
    send: (text) => connection.sendText(text),
    close: (code, reason) => connection.close(code, reason),
    ping: (data) => connection.sendPing(data),
    protocol: () => connection.sendText(connection.protocol ?? ''),
    abort: () => connection.socket.destroy(),
  };
  connection.on('text', (text) => obey(text, can) || connection.sendText(text));
  connection.on('binary', (stream) => {
    const chunks = [];
    stream.on('data', (chunk) => chunks.push(chunk)).on('end', () => connection.sendBinary(Buffer.concat(chunks)));
  });
  connection.on('pong', (data) => data.length > 0 && connection.sendText(`pong ${data}`));
  connection.on('error', () => {});
  connection.on('close', (code, reason) => closed(code, reason));
}

function serveWeb(ws) {
  ws.binaryType = 'arraybuffer';
  const can = {
    send: (text) => ws.send(text),
    close: (...how) => {
      try {
        ws.close(...how);
      } catch {
        ws.send("can't");
      }
    },
    protocol: () => ws.send(ws.protocol),
  };
  ws.onmessage = ({ data }) => (typeof data === 'string' && obey(data, can)) || ws.send(data);
  ws.onclose = ({ code, reason }) => closed(code, reason);
}

const listening = (server) => server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
const select = (offered) => protocols.find((name) => [...offered].includes(name));

if (process.argv[2] === 'server') {
  const server = http.createServer();
  if (kind === 'ws') {
    const { WebSocketServer } = require('ws');
    const options = {
      server,
      maxPayload: limit,
      perMessageDeflate: true,
      handleProtocols: (offered) => select(offered) ?? false,
    };
    new WebSocketServer(options).on('connection', serveWs);
    listening(server);
  } else if (kind === 'faye') {
    const Faye = require('faye-websocket');
    server.on('upgrade', (request, socket, head) =>
      serveFaye(new Faye(request, socket, head, protocols, { maxLength: limit })),
    );
    listening(server);
  } else if (kind === 'websocket') {
    const { server: Server } = require('websocket');
    new Server({ httpServer: server, maxReceivedMessageSize: limit, maxReceivedFrameSize: limit }).on(
      'request',
      (request) => serveWebsocket(request.accept(select(request.requestedProtocols) ?? null, request.origin)),
    );
    listening(server);
  } else if (kind === 'nodejs-websocket') {
    const nodejsWebsocket = require('nodejs-websocket');
    nodejsWebsocket.setMaxBufferLength(limit);
    const options = { selectProtocol: (connection, offered) => select(offered) };
    const peer = nodejsWebsocket.createServer(options, serveNodejsWebsocket);
    peer.listen(0, '127.0.0.1', () => console.log(`port ${peer.socket.address().port}`));
  } else if (kind === 'deno') {
    Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: ({ port }) => console.log(`port ${port}`) }, (request) => {
      const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(/,\s*/);
      const { socket, response } = Deno.upgradeWebSocket(request, { protocol: select(offered), idleTimeout: 0 });
      serveWeb(socket);
      return response;
    });
  } else if (kind === 'bun') {
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request, server) => (server.upgrade(request) ? undefined : new Response('', { status: 400 })),
      websocket: {
        maxPayloadLength: limit,
        perMessageDeflate: true,
        message: (ws, data) =>
          (typeof data === 'string' &&
            obey(data, {
              send: (text) => ws.send(text),
              close: (...how) => ws.close(...how),
              ping: (bytes) => ws.ping(bytes),
              abort: () => ws.terminate(),
            })) ||
          ws.send(data),
        pong: (ws, data) => data.length > 0 && ws.send(`pong ${data}`),
        close: (ws, code, reason) => closed(code, reason),
      },
    });
    console.log(`port ${server.port}`);
  }
} else {
  const url = process.argv[3];
  // Over HTTP/2, a WebSocket alone does not keep Node 26 running.
  setInterval(() => {}, 60_000);
  // The next connection only when the last one has ended.
  for (;;) {
    await new Promise((resolve) => {
      if (kind === 'ws') {
        const WebSocket = require('ws');
        const ws = new WebSocket(url, protocols, { maxPayload: limit });
        serveWs(ws);
        ws.on('close', resolve);
      } else if (kind === 'faye') {
        const { Client } = require('faye-websocket');
        const ws = new Client(url, protocols, { maxLength: limit });
        serveFaye(ws);
        ws.on('close', resolve);
      } else if (kind === 'websocket') {
        const { client: Client } = require('websocket');
        const client = new Client({ maxReceivedMessageSize: limit, maxReceivedFrameSize: limit });
        client.on('connect', (connection) => {
          serveWebsocket(connection);
          connection.on('close', resolve);
        });
        client.on('connectFailed', () => setTimeout(resolve, 200));
        client.connect(url, protocols);
      } else if (kind === 'nodejs-websocket') {
        const nodejsWebsocket = require('nodejs-websocket');
        nodejsWebsocket.setMaxBufferLength(limit);
        const connection = nodejsWebsocket.connect(url, { protocols });
        serveNodejsWebsocket(connection);
        connection.on('close', resolve);
      } else {
        const { WebSocket } = kind === 'undici' ? require('undici') : globalThis;
        const ws = new WebSocket(url, protocols);
        serveWeb(ws);
        ws.addEventListener('close', resolve);
      }
    });
  }
}

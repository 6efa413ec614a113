// Two documents that come to the same text, through the server that comes with the package.
const { WebSocketServer, WebSocket } = require('ws');
const Y = require('yjs');
const { setupWSConnection } = require('y-websocket/bin/utils');
const { WebsocketProvider } = require('y-websocket');

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
wss.on('connection', (ws, request) => setupWSConnection(ws, request));
wss.on('listening', async () => {
  const url = `ws://127.0.0.1:${wss.address().port}`;
  const options = { WebSocketPolyfill: WebSocket, disableBc: true };
  const providers = [0, 1].map(() => new WebsocketProvider(url, 'room', new Y.Doc(), options));
  await Promise.all(providers.map((one) => new Promise((resolve) => one.once('sync', resolve))));
  const [here, there] = providers.map(({ doc }) => doc.getText('t'));
  const changed = new Promise((resolve) => there.observe(resolve));
  here.insert(0, 'together');
  await changed;
  console.log(there.toString());
  for (const one of providers) one.destroy();
  wss.close(() => process.exit());
});

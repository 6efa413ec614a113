// A Worker on a machine of one's own: a WebSocket into it, from a page's side and from a script's.
const { Miniflare } = require('miniflare');
const { WebSocket } = require('ws');

const script = `export default {
  fetch(request) {
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.addEventListener('message', ({ data }) => server.send(typeof data === 'string' ? data.toUpperCase() : data));
    server.addEventListener('close', ({ code, reason }) => server.close(code, reason));
    return new Response(null, { status: 101, webSocket: client });
  },
};`;
(async () => {
  const mf = new Miniflare({ modules: true, script, host: '127.0.0.1', port: 0, compatibilityDate: '2024-01-01' });
  const url = await mf.ready;
  const { webSocket } = await mf.dispatchFetch('http://localhost/', { headers: { Upgrade: 'websocket' } });
  webSocket.accept();
  const came = new Promise((resolve) => webSocket.addEventListener('message', ({ data }) => resolve(data)));
  webSocket.send('from a script');
  console.log(await came);
  const closed = new Promise((resolve) =>
    webSocket.addEventListener('close', ({ code, reason }) => resolve([code, reason])),
  );
  webSocket.close(4000, 'done');
  console.log(await closed);
  const ws = new WebSocket(url.href.replace('http', 'ws'));
  ws.on('open', () => ws.send('from outside'));
  ws.on('message', (message) => {
    console.log(String(message));
    ws.close(1000);
  });
  ws.on('close', async (code) => {
    console.log(code);
    await mf.dispose();
    process.exit();
  });
})();

// WebDriver BiDi: a command with its answer, and an event.
const { WebSocketServer } = require('ws');
const BIDI = require('selenium-webdriver/bidi');

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
wss.on('connection', (ws) => {
  ws.on('message', (message) => {
    const { id, method, params } = JSON.parse(message);
    console.log(method, JSON.stringify(params));
    ws.send(JSON.stringify({ id, type: 'success', result: method === 'session.status' ? { ready: true } : {} }));
  });
  ws.on('close', () => {
    console.log('closed');
    process.exit();
  });
});
wss.on('listening', async () => {
  const bidi = new BIDI(`ws://127.0.0.1:${wss.address().port}/session`);
  console.log((await bidi.send({ method: 'session.status', params: {} })).result.ready);
  await bidi.subscribe('log.entryAdded', ['c']);
  await bidi.close();
});

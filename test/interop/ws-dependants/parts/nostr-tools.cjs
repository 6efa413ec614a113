// A relay that has one event, and takes another.
const { WebSocket, WebSocketServer } = require('ws');
const { finalizeEvent, generateSecretKey } = require('nostr-tools/pure');
const { Relay, useWebSocketImplementation } = require('nostr-tools/relay');

useWebSocketImplementation(WebSocket);
const key = generateSecretKey();
const event = (content) => finalizeEvent({ kind: 1, created_at: 1, tags: [], content }, key);
const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
wss.on('connection', (ws) => {
  ws.on('message', (message) => {
    const [type, id] = JSON.parse(message);
    console.log(type);
    if (type === 'REQ') {
      ws.send(JSON.stringify(['EVENT', id, event('stored')]));
      ws.send(JSON.stringify(['EOSE', id]));
    } else if (type === 'EVENT') ws.send(JSON.stringify(['OK', id.id, true, '']));
  });
});
wss.on('listening', async () => {
  const relay = await Relay.connect(`ws://127.0.0.1:${wss.address().port}`);
  await new Promise((oneose) => {
    relay.subscribe([{ kinds: [1] }], { onevent: ({ content }) => console.log(content), oneose });
  });
  await relay.publish(event('new'));
  console.log(relay.connected);
  relay.onclose = () => {
    console.log('closed');
    process.exit();
  };
  relay.close();
});

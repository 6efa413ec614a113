// MQTT.js to aedes, over createWebSocketStream: a small message and one of 200 KB, both ways.
const { WebSocketServer, createWebSocketStream } = require('ws');
const aedes = require('aedes')();
const mqtt = require('mqtt');

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: (names) => [...names][0] });
wss.on('connection', (ws, request) => aedes.handle(createWebSocketStream(ws), request));
wss.on('listening', async () => {
  const client = await mqtt.connectAsync(`ws://127.0.0.1:${wss.address().port}`, { protocolVersion: 4 });
  await client.subscribeAsync('topic');
  for (const payload of ['small', 'x'.repeat(200_000)]) {
    const came = new Promise((resolve) => client.once('message', (_, data) => resolve(data.length)));
    await client.publishAsync('topic', payload, { qos: 1 });
    console.log(await came);
  }
  await client.endAsync();
  aedes.close();
  wss.close();
});

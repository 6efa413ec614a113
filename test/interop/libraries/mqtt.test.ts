/** MQTT.js on our WHATWG class, and the broker aedes behind our Duplex. */
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import { afterEach, expect, test } from 'vitest';
import { listen, toDuplex, type Server } from '../../../drivers/index.ts';
import { WebSocket } from '../../../drivers/web/index.ts';

let server: Server;
let broker: Aedes;
afterEach(async () => {
  await new Promise<void>((resolve) => broker.close(resolve));
  await server.close({ timeout: 1 });
});

async function serveBroker(): Promise<string> {
  broker = await Aedes.createBroker();
  server = await listen({ host: '127.0.0.1', port: 0, subprotocols: ['mqtt'] }, async (ws) => {
    broker.handle(toDuplex(ws, { objectMode: false }));
    await ws.closed;
  });
  return server.url;
}

/** MQTT.js over whatever looks like a browser's WebSocket. */
function connect(url: string): Promise<mqtt.MqttClient> {
  return mqtt.connectAsync(url, {
    forceNativeWebSocket: true,
    createWebsocket: (address: string, protocols: string[]) => new WebSocket(address, protocols) as never,
    reconnectPeriod: 0,
  });
}

test('two clients publish and subscribe, small messages and one of 1 MiB', async () => {
  const url = await serveBroker();
  const [alice, bob] = await Promise.all([connect(url), connect(url)]);
  const received: [string, Buffer][] = [];
  let arrived!: () => void;
  const all = new Promise<void>((resolve) => (arrived = resolve));
  bob.on('message', (topic, payload) => {
    received.push([topic, payload]);
    if (received.length === 3) arrived();
  });
  await bob.subscribeAsync('news/#', { qos: 1 });
  const large = Buffer.alloc(1024 * 1024, 'x');
  await alice.publishAsync('news/small', 'hello', { qos: 1 });
  await alice.publishAsync('news/large', large, { qos: 1 });
  await alice.publishAsync('news/last', 'bye', { qos: 0 });
  await all;
  expect(received.map(([topic, payload]) => [topic, payload.length])).toEqual([
    ['news/small', 5],
    ['news/large', large.length],
    ['news/last', 3],
  ]);
  expect(received[1][1].equals(large)).toBe(true);
  await Promise.all([alice.endAsync(), bob.endAsync()]);
});

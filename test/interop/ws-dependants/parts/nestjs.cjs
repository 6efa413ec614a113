// A gateway over @nestjs/platform-ws.
require('reflect-metadata');
const { NestFactory } = require('@nestjs/core');
const { Module } = require('@nestjs/common');
const { WsAdapter } = require('@nestjs/platform-ws');
const { SubscribeMessage, WebSocketGateway } = require('@nestjs/websockets');
const { WebSocket } = require('ws');

class Gateway {
  onEvent(_client, data) {
    return { event: 'answer', data: `heard ${data}` };
  }
}
const descriptor = Object.getOwnPropertyDescriptor(Gateway.prototype, 'onEvent');
SubscribeMessage('say')(Gateway.prototype, 'onEvent', descriptor);
WebSocketGateway()(Gateway);
class App {}
Module({ providers: [Gateway] })(App);

NestFactory.create(App, { logger: false }).then(async (app) => {
  app.useWebSocketAdapter(new WsAdapter(app));
  await app.listen(0, '127.0.0.1');
  const ws = new WebSocket((await app.getUrl()).replace('http', 'ws'));
  ws.on('open', () => ws.send(JSON.stringify({ event: 'say', data: 'hello' })));
  ws.on('message', async (message) => {
    console.log(String(message));
    ws.close();
    await app.close();
  });
});

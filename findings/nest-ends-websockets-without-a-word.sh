#!/usr/bin/env bash
# @nestjs/platform-ws 12.1.1 (NestJS 12), a gateway at the path /chat: a client asks for another path, sends an event that nobody
# handles, and what is no JSON; the application closes while a handler is at work.
# Expected: 404; an 'exception' event for both, as there is for a handler that throws; Close 1001 behind the handler's answer.
# Seen: another path, /chat/ too, ends TCP without a response: "socket hang up". What nobody handles is dropped without a word. close()
# does not wait for handlers, and ends TCP: 1006.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @nestjs/{common,core,platform-express,platform-ws,websockets}@12.1.1 rxjs@7.8.2 \
  reflect-metadata@0.2.2 ws@8.23.0
cat >run.cjs <<'JS'
require('reflect-metadata');
const { Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { WsAdapter } = require('@nestjs/platform-ws');
const { MessageBody, SubscribeMessage, WebSocketGateway } = require('@nestjs/websockets');
const { WebSocket } = require('ws');

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Gateway {
  echo(data) {
    return { event: 'echo', data };
  }
  throws() {
    throw new Error('why');
  }
  async slow() {
    await later(500);
    return { event: 'slow' };
  }
}
for (const name of ['echo', 'throws', 'slow']) {
  MessageBody()(Gateway.prototype, name, 0);
  SubscribeMessage(name)(Gateway.prototype, name, Object.getOwnPropertyDescriptor(Gateway.prototype, name));
}
WebSocketGateway({ path: '/chat' })(Gateway);
class Application {}
Module({ providers: [Gateway] })(Application);

(async () => {
  const application = await NestFactory.create(Application, { logger: false });
  application.useWebSocketAdapter(new WsAdapter(application));
  await application.listen(0, '127.0.0.1');
  const { port } = application.getHttpServer().address();
  const meet = async (name, path, text, act) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    const seen = [];
    socket.on('open', () => socket.send(text));
    socket.on('message', (answer) => seen.push(`event ${JSON.parse(answer).event}`));
    socket.on('unexpected-response', (_, { statusCode }) => seen.push(`${statusCode}`));
    socket.on('error', ({ message }) => seen.push(message));
    socket.on('close', (code) => seen.push(`close ${code}`));
    if (act) {
      await later(300);
      await act();
    }
    await later(1000);
    console.log(`${name}: ${seen.join(', ') || 'nothing'}`);
    socket.terminate();
  };
  const event = (name) => JSON.stringify({ event: name, data: 'Hello' });
  await meet('/chat, a handler', '/chat', event('echo'));
  await meet('/chat, a handler that throws', '/chat', event('throws'));
  await meet('/chat, no handler', '/chat', event('other'));
  await meet('/chat, no JSON', '/chat', 'Hello');
  await meet('/chat/', '/chat/', event('echo'));
  await meet('/other', '/other', event('echo'));
  await meet('close() while a handler is at work', '/chat', event('slow'), () => application.close());
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
/chat, a handler: event echo
/chat, a handler that throws: event exception
/chat, no handler: nothing
/chat, no JSON: nothing
/chat/: socket hang up, close 1006
/other: socket hang up, close 1006
close() while a handler is at work: close 1006
EXPECTED
echo '@nestjs/platform-ws 12.1.1: as written down'

// A room that is joined: a message, its answer, and the state that follows.
(async () => {
  const { Server, Room } = require('@colyseus/core');
  const { WebSocketTransport } = require('@colyseus/ws-transport');
  const { Client } = require('colyseus.js');
  const { schema } = require('@colyseus/schema');
  const State = schema({ count: 'number' });
  class Counter extends Room {
    onCreate() {
      this.state = new State();
      this.state.count = 0;
      this.onMessage('add', (client, by) => {
        this.state.count += by;
        client.send('added', by);
      });
    }
    onLeave(client, code) {
      console.log('left', code);
      process.exit();
    }
  }
  const server = new Server({ transport: new WebSocketTransport(), greet: false });
  server.define('counter', Counter);
  await server.listen(0, '127.0.0.1');
  const { port } = server.transport.server.address();
  const room = await new Client(`ws://127.0.0.1:${port}`).joinOrCreate('counter');
  const added = new Promise((resolve) => room.onMessage('added', resolve));
  room.send('add', 3);
  console.log(await added);
  await new Promise((resolve) => room.onStateChange((state) => void (state.count === 3 && resolve())));
  console.log(room.state.count);
  await room.leave();
})();

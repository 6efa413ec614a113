// Two peers, and an offer that the server of PeerJS hands from one to the other.
const { PeerServer } = require('peer');
const { WebSocket } = require('ws');

PeerServer({ port: 0, host: '127.0.0.1', path: '/p' }, async (server) => {
  const connect = (id) => {
    const ws = new WebSocket(`ws://127.0.0.1:${server.address().port}/p/peerjs?key=peerjs&id=${id}&token=t${id}`);
    return new Promise((resolve) => ws.once('message', (message) => resolve([ws, JSON.parse(message).type])));
  };
  const [[a, first], [b]] = [await connect('a'), await connect('b')];
  console.log(first);
  const came = new Promise((resolve) => b.once('message', resolve));
  a.send(JSON.stringify({ type: 'OFFER', dst: 'b', payload: 'x' }));
  const { type, src, payload } = JSON.parse(await came);
  console.log(type, src, payload);
  process.exit();
});

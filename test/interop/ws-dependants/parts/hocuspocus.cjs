// A document that a server of Hocuspocus hands from one client to another.
const { Server } = require('@hocuspocus/server');
const { HocuspocusProvider, HocuspocusProviderWebsocket } = require('@hocuspocus/provider');
const { WebSocket } = require('ws');
const Y = require('yjs');

const server = Server.configure({ port: 0, address: '127.0.0.1', quiet: true, stopOnSignals: false });
server.listen().then(async () => {
  const { port } = server.httpServer ? server.httpServer.address() : server.server.httpServer.address();
  const connect = async () => {
    const websocketProvider = new HocuspocusProviderWebsocket({
      url: `ws://127.0.0.1:${port}`,
      WebSocketPolyfill: WebSocket,
    });
    const provider = new HocuspocusProvider({ websocketProvider, name: 'room', document: new Y.Doc() });
    provider.attach?.();
    await new Promise((resolve) => (provider.isSynced ? resolve() : provider.on('synced', resolve)));
    return provider;
  };
  const [one, two] = [await connect(), await connect()];
  const text = two.document.getText('t');
  const changed = new Promise((resolve) => text.observe(resolve));
  one.document.getText('t').insert(0, 'shared');
  await changed;
  console.log(text.toString());
  process.exit();
});

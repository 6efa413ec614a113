// A request and a subscription over @hapi/nes.
const Hapi = require('@hapi/hapi');
const Nes = require('@hapi/nes');

(async () => {
  const server = Hapi.server({ port: 0, host: '127.0.0.1' });
  await server.register(Nes);
  server.route({ method: 'GET', path: '/h', config: { id: 'hello', handler: () => 'world!' } });
  server.subscription('/item/{id}');
  await server.start();
  const client = new Nes.Client(server.info.uri.replace('http', 'ws'));
  await client.connect();
  console.log((await client.request('hello')).payload);
  const came = new Promise((resolve) => client.subscribe('/item/5', resolve));
  await new Promise((resolve) => setTimeout(resolve, 200));
  server.publish('/item/5', { id: 5 });
  console.log(JSON.stringify(await came));
  await client.disconnect();
  await server.stop();
})();

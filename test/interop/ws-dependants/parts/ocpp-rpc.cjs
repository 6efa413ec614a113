// A charging station that says who it is, is answered, and is called back.
const { RPCClient, RPCServer } = require('ocpp-rpc');

(async () => {
  const server = new RPCServer({ protocols: ['ocpp1.6'], strictMode: true });
  server.auth((accept, _reject, { identity, password }) => {
    console.log('auth', identity, String(password));
    accept({ identity });
  });
  server.on('client', (client) => {
    client.handle('BootNotification', ({ params }) => {
      console.log('boot', params.chargePointModel);
      return { status: 'Accepted', interval: 300, currentTime: '2020-01-01T00:00:00.000Z' };
    });
    client.handle('Heartbeat', async () => {
      console.log('reset', await client.call('Reset', { type: 'Soft' }));
      return { currentTime: '2020-01-01T00:00:00.000Z' };
    });
  });
  const http = await server.listen(0, '127.0.0.1');
  const client = new RPCClient({
    endpoint: `ws://127.0.0.1:${http.address().port}/ocpp`,
    identity: 'station 1',
    password: 'secret',
    protocols: ['ocpp1.6'],
    strictMode: true,
  });
  client.handle('Reset', ({ params }) => ({ status: params.type === 'Soft' ? 'Accepted' : 'Rejected' }));
  await client.connect();
  console.log(await client.call('BootNotification', { chargePointVendor: 'v', chargePointModel: 'm' }));
  console.log(await client.call('Heartbeat', {}));
  await client.call('NoSuchThing', {}).catch((error) => console.log(error.rpcErrorCode));
  console.log(await client.close({ code: 4001, reason: 'done' }));
  await server.close();
  process.exit();
})();

// A remote control for OBS: hello, identification, a request and an event.
const { WebSocketServer } = require('ws');

(async () => {
  let closed;
  const code = new Promise((resolve) => (closed = resolve));
  const { default: OBSWebSocket } = await import('obs-websocket-js/json');
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  wss.on('connection', (ws) => {
    console.log(ws.protocol);
    ws.send(JSON.stringify({ op: 0, d: { obsWebSocketVersion: '5.0.0', rpcVersion: 1 } }));
    ws.on('message', (message) => {
      const { op, d } = JSON.parse(message);
      if (op === 1) ws.send(JSON.stringify({ op: 2, d: { negotiatedRpcVersion: 1 } }));
      if (op !== 6) return;
      const { requestType, requestId } = d;
      const requestStatus = { result: true, code: 100 };
      ws.send(
        JSON.stringify({
          op: 5,
          d: { eventType: 'CurrentProgramSceneChanged', eventIntent: 4, eventData: { sceneName: 'b' } },
        }),
      );
      ws.send(
        JSON.stringify({ op: 7, d: { requestType, requestId, requestStatus, responseData: { obsVersion: '30' } } }),
      );
    });
    ws.on('close', closed);
  });
  wss.on('listening', async () => {
    const obs = new OBSWebSocket();
    obs.on('CurrentProgramSceneChanged', ({ sceneName }) => console.log('scene', sceneName));
    const end = new Promise((resolve) => obs.on('ConnectionClosed', resolve));
    console.log((await obs.connect(`ws://127.0.0.1:${wss.address().port}`)).negotiatedRpcVersion);
    console.log((await obs.call('GetVersion')).obsVersion);
    await obs.disconnect();
    console.log('closed', (await end).code, await code);
    process.exit();
  });
})();

// A command in a pod: its input, its output, its exit code, over the channels of one binary WebSocket.
const { createServer } = require('node:http');
const { PassThrough } = require('node:stream');
const { WebSocketServer } = require('ws');

(async () => {
  const { Exec, KubeConfig } = await import('@kubernetes/client-node');
  const http = createServer();
  const wss = new WebSocketServer({
    server: http,
    handleProtocols: (all) => [...all].find((one) => /^v[45]/.test(one)),
  });
  wss.on('connection', (ws, { url }) => {
    console.log(ws.protocol, url);
    ws.on('message', (message) => {
      const [channel] = message;
      const text = message.subarray(1).toString();
      if (channel !== 0 || text === '') return;
      console.log('stdin', text);
      ws.send(Buffer.from(`\x01out of ${text}`));
      ws.send(Buffer.from('\x02a warning'));
      ws.send(Buffer.from('\x03{"status":"Success"}'));
      setTimeout(() => ws.close(1000), 50);
    });
  });
  http.listen(0, '127.0.0.1', async () => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'c', server: `http://127.0.0.1:${http.address().port}`, skipTLSVerify: true },
      { name: 'u' },
    );
    const [stdout, stderr, stdin] = [new PassThrough(), new PassThrough(), new PassThrough()];
    stdout.on('data', (data) => console.log('stdout', String(data)));
    stderr.on('data', (data) => console.log('stderr', String(data)));
    const done = new Promise((resolve) => {
      const status = ({ status }) => console.log('status', status);
      new Exec(config).exec('ns', 'pod', 'box', ['cat'], stdout, stderr, stdin, false, status).then((ws) => {
        ws.addEventListener('close', ({ code }) => resolve(code));
        stdin.write('hello');
      });
    });
    console.log('closed', await done);
    process.exit();
  });
})();

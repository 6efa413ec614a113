// A CommonJS test that requires a dependant and talks over it.
const { spawnSync } = require('node:child_process');
const { mkdirSync, writeFileSync } = require('node:fs');

mkdirSync('jest-test', { recursive: true });
writeFileSync(
  'jest-test/one.test.js',
  `const WebSocket = require('isomorphic-ws');
const { Server } = require('socket.io');
test('echoes', (done) => {
  expect(typeof Server).toBe('function');
  const wss = new WebSocket.Server({ port: 0 }, () => {
    const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);
    ws.on('open', () => ws.send(Buffer.from([1, 2])));
    ws.on('message', (data) => {
      expect(Buffer.isBuffer(data)).toBe(true);
      expect(data.toString('hex')).toBe('0102');
      ws.close();
      wss.close(done);
    });
  });
  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
});
`,
);
const args = ['node_modules/jest/bin/jest.js', '--rootDir', 'jest-test', '--ci', '--watchman=false', '--forceExit'];
const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
console.log(status, /Tests: +1 passed/.test(stderr) ? 'passed' : stderr);

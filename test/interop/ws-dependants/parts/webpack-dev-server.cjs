// The first messages that a page gets.
const { mkdtempSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const webpack = require('webpack');
const DevServer = require('webpack-dev-server');
const { WebSocket } = require('ws');

const context = mkdtempSync(join(require('node:os').tmpdir(), 'wds-'));
writeFileSync(join(context, 'index.js'), 'console.log(1);');
const compiler = webpack({
  mode: 'development',
  context,
  entry: './index.js',
  infrastructureLogging: { level: 'none' },
  stats: 'none',
});
const server = new DevServer({ port: 0, host: '127.0.0.1', hot: true }, compiler);
server.start().then(() => {
  const { port } = server.server.address();
  const ws = new WebSocket(`ws://127.0.0.1:${port}/ws`, { origin: `http://127.0.0.1:${port}` });
  const types = [];
  ws.on('message', async (message) => {
    const { type } = JSON.parse(message);
    if (types.includes(type)) return;
    types.push(type);
    if (type !== 'ok') return;
    console.log(types.includes('hot'), types.includes('hash'));
    ws.close();
    await server.stop();
    process.exit();
  });
});

// The upgrade that its HMR server takes.
const Metro = require('metro');
const { WebSocket } = require('ws');
const { mkdtempSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const projectRoot = mkdtempSync(join(require('node:os').tmpdir(), 'metro-'));
writeFileSync(join(projectRoot, 'index.js'), 'console.log(1);');
writeFileSync(join(projectRoot, 'package.json'), '{}');
(async () => {
  const config = await Metro.loadConfig({ cwd: projectRoot }, { projectRoot, server: { port: 0 } });
  config.reporter = { update() {} };
  config.watchFolders = [projectRoot];
  const result = await Metro.runServer(config, { host: '127.0.0.1' });
  const server = result.httpServer ?? result;
  const ws = new WebSocket(`ws://127.0.0.1:${server.address().port}/hot`);
  ws.on('open', () => {
    console.log('open');
    ws.send(JSON.stringify({ type: 'log-opt-in' }));
    ws.close(1000);
  });
  ws.on('close', (code) => {
    console.log(code);
    process.exit();
  });
})();

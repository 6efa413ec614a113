// A session of the Realtime API: events both ways, a delta, an error and the end.
const { execFileSync } = require('node:child_process');
const { mkdtempSync, readFileSync } = require('node:fs');
const { createServer } = require('node:https');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { WebSocketServer } = require('ws');
const { OpenAI } = require('openai');
const { OpenAIRealtimeWS } = require('openai/realtime/ws');

const folder = mkdtempSync(join(tmpdir(), 'realtime-'));
const file = (name) => join(folder, name);
try {
  const subject = ['-subj', '/CN=localhost', '-keyout', file('key'), '-out', file('cert')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject], {
    stdio: 'ignore',
  });
} catch {
  console.log('SKIP: no openssl to make a certificate with');
  process.exit();
}
// It takes nothing but wss:.
const https = createServer({ key: readFileSync(file('key')), cert: readFileSync(file('cert')) });
const wss = new WebSocketServer({ server: https });
wss.on('connection', (ws, { headers, url }) => {
  console.log(url, headers.authorization);
  ws.send(JSON.stringify({ type: 'session.created', session: {} }));
  ws.on('message', (message) => {
    const { type } = JSON.parse(message);
    console.log('server', type);
    if (type !== 'response.create') return;
    ws.send(JSON.stringify({ type: 'response.output_text.delta', delta: 'hello' }));
    ws.send(JSON.stringify({ type: 'error', error: { message: 'on purpose' } }));
    ws.send(JSON.stringify({ type: 'response.done' }));
  });
});
https.listen(0, '127.0.0.1', () => {
  const client = new OpenAI({ apiKey: 'key', baseURL: `https://127.0.0.1:${https.address().port}/v1` });
  const rt = new OpenAIRealtimeWS({ model: 'm', options: { rejectUnauthorized: false } }, client);
  rt.on('session.created', () => rt.send({ type: 'response.create' }));
  rt.on('response.output_text.delta', ({ delta }) => console.log('delta', delta));
  rt.on('error', (error) => console.log('error', error.message));
  rt.on('response.done', () => rt.close({ code: 1000, reason: 'OK' }));
  rt.socket.on('close', (code, reason) => {
    console.log('close', code, String(reason));
    process.exit();
  });
});

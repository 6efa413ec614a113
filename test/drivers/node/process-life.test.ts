/**
 * What is sent leaves at the end of a turn, which `process.exit()` and an error that nobody catches never come to: it leaves then,
 * whichever face sent it, from wherever the process was ended. And what is open keeps the process alive, whether or not it is read.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen, type Server } from '../../../drivers/index.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { runNode } from '../../support/run.ts';
import { freshBuild, ROOT } from '../../support/source.ts';

const dist = freshBuild();

/** A program gets the server's URL as `url`, and what to open it with as `options`. Each of its connections is greeted. */
const PROGRAMS = {
  'promise, awaited': `
    const ws = await open(url, options);
    await ws.send('one');
    await ws.send(['t', 'wo']);
    void ws.close(4000);
    process.exit();`,
  'promise, within the loop': `
    const ws = await open(url, options);
    for await (const greeting of ws) {
      void ws.send('one');
      void ws.send('two');
      void ws.close(4000);
      process.exit();
    }`,
  'promise, an error that nobody catches': `
    const ws = await open(url, options);
    await ws.send('one');
    await ws.send('two');
    void ws.close(4000);
    throw new Error('nobody catches this');`,
  'events, within a callback': `
    connect(url, options, {
      message(socket) {
        socket.send('one');
        socket.send('two');
        socket.close(4000);
        process.exit();
      },
    });`,
  'events, at the end of the turn of another': `
    const { socket: first } = await new Promise((resolve) => connect(url, options, { open: (socket) => resolve({ socket }) }));
    const { socket: second } = await new Promise((resolve) => connect(url, options, { open: (socket) => resolve({ socket }) }));
    first.send('', { onSent: () => process.exit() });
    second.send('one');
    second.send('two');
    second.close(4000);`,
  'web, within a listener': `
    const { WebSocket } = await import('${dist}/web.js');
    const socket = new WebSocket(url, [], options);
    socket.onmessage = () => {
      socket.send('one');
      socket.send('two');
      socket.close(4000);
      process.exit();
    };`,
  'ws, within a listener': `
    const { WebSocket } = await import('${dist}/ws.js');
    const socket = new WebSocket(url, { rejectUnauthorized: false });
    socket.on('message', () => {
      socket.send('one');
      socket.send('two');
      socket.close(4000);
      process.exit();
    });`,
};

/** Those that send more than once when nothing comes back any more; node:tls takes one write, and then waits. */
const AT_THE_END = {
  'promise, when the process tells of its end': `
    const ws = await open(url, options);
    await ws.send('one');
    process.on('exit', () => {
      void ws.send('two');
      void ws.close(4000);
    });
    process.exit();`,
  'events, when the process tells of its end within a callback': `
    connect(url, options, {
      message(socket) {
        process.on('exit', () => {
          socket.send('one');
          socket.send('two');
          socket.close(4000);
        });
        process.exit();
      },
    });`,
};

const HEAD = `
  const { open } = await import('${dist}/index.js');
  const { connect } = await import('${dist}/node.js');
  const [url, encrypted] = process.argv.slice(1);
  const options = encrypted === 'true' ? { tls: { rejectUnauthorized: false } } : {};
  setTimeout(() => process.exit(3), 20_000); // nothing came of it
`;

/** What one connection has brought. */
interface Heard {
  messages: string[];
  code: number;
}

describe.each([false, true])('with TLS: %s', (encrypted) => {
  let server: Server;
  let heard: Heard[];
  let onHeard: () => void;

  beforeAll(async () => {
    const tls = encrypted ? makeCertificate('IP:127.0.0.1') : undefined;
    server = await listen({ host: '127.0.0.1', port: 0, tls, closeTimeout: 100 }, async (ws) => {
      await ws.send('greeting');
      const messages: string[] = [];
      try {
        for await (const message of ws) messages.push(String(message));
      } catch {
        // 4000 is an error to the loop.
      }
      heard.push({ messages, code: (await ws.closed).code });
      onHeard();
    });
  });
  afterAll(() => server.close());

  test('is as it says', () => expect(server.url.startsWith('wss:')).toBe(encrypted));

  const programs: Record<string, string> = encrypted ? PROGRAMS : { ...PROGRAMS, ...AT_THE_END };

  test.each(Object.keys(programs))('%s', async (name) => {
    heard = [];
    const last = new Promise<void>((resolve) => (onHeard = () => heard.some(isWhole) && resolve()));
    const program = HEAD + programs[name];
    const { exit } = await runNode(['--input-type=module', '--eval', program, server.url, String(encrypted)], ROOT);
    expect(exit).toBe(name.includes('nobody catches') ? 1 : 0);
    await last;
  });
});

function isWhole({ messages, code }: Heard): boolean {
  return code === 4000 && messages.join() === 'one,two';
}

/** Each has a connection that is not read for a while, and nothing else that keeps its process alive. */
const WAITING = {
  'promise, in a handler': `
    await open(url, options, async (ws) => {
      await later();
      for await (const message of ws) if (message === 'last') break;
    });`,
  'events, paused': `
    await new Promise((resolve) => {
      connect(url, options, {
        async open(socket) {
          socket.pause();
          await later();
          socket.resume();
        },
        close: resolve,
      });
    });`,
  'a stream of the web': `
    const { WebSocketStream } = await import('${dist}/web.js');
    const stream = new WebSocketStream(url, options);
    const { readable } = await stream.opened;
    await later();
    await readable.pipeTo(new WritableStream());
    await stream.closed;`,
};

const WAITING_HEAD = `
  const { open } = await import('${dist}/index.js');
  const { connect } = await import('${dist}/node.js');
  const [url, encrypted] = process.argv.slice(1);
  const options = encrypted === 'true' ? { tls: { rejectUnauthorized: false } } : {};
  setTimeout(() => process.exit(3), 20_000).unref(); // nothing came of it
  const later = () => new Promise((resolve) => setTimeout(resolve, 500).unref());
`;

describe.each([false, true])('a connection that is not read keeps the process alive, with TLS: %s', (encrypted) => {
  let server: Server;

  beforeAll(async () => {
    const tls = encrypted ? makeCertificate('IP:127.0.0.1') : undefined;
    server = await listen({ host: '127.0.0.1', port: 0, tls }, async (ws) => {
      // More than a client holds that doesn't receive.
      for (let i = 0; i < 100; i++) await ws.send('x'.repeat(1000));
      await ws.send('last');
      await ws.close();
    });
  });
  afterAll(() => server.close());

  test.each(Object.keys(WAITING) as (keyof typeof WAITING)[])('%s', async (name) => {
    const program = `${WAITING_HEAD}${WAITING[name]}\nconsole.log('done');`;
    const { exit, stdout } = await runNode(
      ['--input-type=module', '--eval', program, server.url, String(encrypted)],
      ROOT,
    );
    expect([exit, stdout]).toEqual([0, 'done\n']);
  });
});

test.each(['promise', 'events'])(
  'what stands behind server.close is come to, whatever it waited for: %s',
  async (face) => {
    const serve =
      face === 'promise'
        ? `listen({ host: '127.0.0.1', port: 0 }, async (ws) => { await ws.receive(); await new Promise(() => {}); });`
        : `serve({ host: '127.0.0.1', port: 0 }, { message: (socket) => new Promise(() => {}) });`;
    const program = `
    const { listen, open } = await import('${dist}/index.js');
    const { serve } = await import('${dist}/node.js');
    const server = await ${serve}
    process.once('SIGTERM', async () => {
      await server.close({ timeout: 200 });
      console.log('saved');
    });
    const ws = await open(server.url);
    await ws.send('hello');
    await ws.ping(); // it is there
    process.kill(process.pid, 'SIGTERM');
    await ws.closed;`;
    const { exit, stdout } = await runNode(['--input-type=module', '--eval', program], ROOT);
    expect([exit, stdout]).toEqual([0, 'saved\n']);
  },
);

const COUNTING = `
  // Node has one of its own for as long as this module waits.
  const count = () => process.listeners('exit').filter(({ name }) => name !== 'handleProcessExit').length;
  const counts = [count()];
  const { listen, open } = await import('${dist}/index.js');
  const server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => void (await ws.closed));
  counts.push(count());
  const clients = await Promise.all(Array.from({ length: 20 }, () => open(server.url)));
  counts.push(count());
  await Promise.all(clients.map((ws) => ws.close()));
  await server.close();
  process.on('beforeExit', () => console.log(...counts, count()));
`;

test('one listener for all connections, and none before the first and after the last one', async () => {
  const { stdout, stderr } = await runNode(['--input-type=module', '--eval', COUNTING], ROOT);
  expect(stdout + stderr).toBe('0 0 1 0\n');
});

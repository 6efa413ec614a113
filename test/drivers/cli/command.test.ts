/** The command as it is installed: in pipes, on a terminal, and what it exits with. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen, open, type WebSocket } from '../../../drivers/index.ts';
import { endAll, runWith, start, startProgram, type Run } from './running.ts';
import { freshBuild } from '../../support/source.ts';

let folder: string;
const cleanups: (() => unknown)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sansocket-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  endAll();
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function echoServer(handler?: (ws: WebSocket) => Promise<void>): Promise<string> {
  const echo = async (ws: WebSocket): Promise<void> => {
    for await (const message of ws) await ws.send(message);
  };
  const server = await listen({ host: '127.0.0.1', port: 0 }, handler ?? echo);
  cleanups.push(() => server.close({ timeout: 0 }));
  return server.url;
}

describe('the command line', () => {
  test('--help names every command, and each has a help of its own', async () => {
    const { exit, out } = await runWith('', '--help');
    expect(exit).toBe(0);
    for (const name of ['connect', 'listen', 'doctor', 'conformance', 'bench', 'frames']) expect(out).toContain(name);
    expect((await runWith('', 'doctor', '--help')).out).toContain('Exit code');
    expect((await runWith('', 'conformance', '--help')).out).toContain('sansocket conformance ws://');
  });

  test.each(['connect', 'listen', 'doctor', 'bench', 'frames'])(
    '%s --help says of every option what it does',
    async (name) => {
      const { exit, out } = await runWith('', name, '--help');
      expect(exit).toBe(0);
      expect(out).toMatch(new RegExp(`^Usage: sansocket ${name} \\[options\\]`));
      const options = out
        .slice(out.indexOf('Options:'))
        .split(/\n(?=  -)/)
        .slice(1);
      expect(options.length).toBeGreaterThan(3);
      expect(
        options.filter((one) => !/^ +-\S.*?  +\S[^]{10,}$/.test(one)).filter((one) => !one.includes('--help')),
      ).toEqual([]);
    },
  );

  test.each([
    [['connect'], 'missing required argument'],
    [['conect', 'ws://a'], 'unknown command'],
    [['connect', 'ws://a', '--binaries'], 'unknown option'],
    [['listen', '70000'], 'no whole number from 0 to 65535'],
    [['doctor', 'ws://a', '-H', 'nothing'], 'no header field'],
    [['bench', 'ws://a', '-c', '0'], 'no whole number from 1'],
    [['frames', '/no/such/file'], 'ENOENT'],
    [['listen', '0', '--tls', '/no/key,/no/cert'], 'ENOENT'],
    [['listen', '0', '--static', '/no/such/folder'], 'ENOENT'],
    [['listen', '0', '--static', process.execPath], '--static wants a folder'],
    [['listen', '0', '--allow-origin', 'no origin'], 'allowedOrigins'],
    [['bench', '::1'], 'not valid'],
    [['doctor', 'ws://127.0.0.1:1', '--html', '/no/such/folder/r.html'], 'ENOENT'],
  ])('%j is refused with exit code 2, and says why', async (args, why) => {
    const { exit, err } = await runWith('', ...args);
    expect(err).toContain(why);
    expect(exit).toBe(2);
  });
});

describe('connect', () => {
  test('in a pipe, lines go out as messages and messages come out as lines', async () => {
    const { exit, out } = await runWith('one\nzwei\n0x00ff\n', 'connect', await echoServer());
    expect(out).toBe('one\nzwei\n0x00ff\n');
    expect(exit).toBe(0);
  });

  test('a pipe is read no faster than the server takes its lines', async () => {
    const [count, line] = [12_000, 'x'.repeat(4095)];
    let received = 0;
    const url = await echoServer(async (ws) => {
      // Some turns of the loop for each: it takes longer than to read 48 MiB, which are more than may wait to be sent.
      for await (const message of ws) {
        expect(message).toBe(line);
        received++;
        for (let i = 0; i < 10; i++) await new Promise(setImmediate);
      }
    });
    const { exit, err } = await runWith(`${line}\n`.repeat(count), 'connect', url);
    expect(err).toContain('closed 1000');
    expect(received).toBe(count);
    expect(exit).toBe(0);
  });

  test('--json says what happened, line by line', async () => {
    const { out } = await runWith('hello\n', 'connect', await echoServer(), '--json');
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events).toMatchObject([{ event: 'open' }, { event: 'text', data: 'hello' }, { event: 'close', code: 1000 }]);
  });

  test('that the connection has ended before all lines were sent is told, and exit code 1', async () => {
    const line = 'x'.repeat(65_535);
    const url = await echoServer(async (ws) => {
      await ws.receive();
      await ws.close(1000, 'enough');
    });
    const { exit, err } = await runWith(`${line}\n`.repeat(1000), 'connect', url);
    expect(err).toContain('closed 1000 enough');
    expect(err).toContain('not all lines were sent');
    expect(exit).toBe(1);
  });

  test('a server that is not there is exit code 3, and the doctor is named', async () => {
    const { exit, err } = await runWith('', 'connect', 'ws://127.0.0.1:1');
    expect(exit).toBe(3);
    expect(err).toContain('sansocket doctor');
  });

  test('an end that is no normal one is exit code 1', async () => {
    const url = await echoServer(async (ws) => void (await ws.close(4000, 'no')));
    const { exit, err } = await runWith('', 'connect', url, '--wait', '5');
    expect(exit).toBe(1);
    expect(err).toContain('closed 4000 no');
  });

  test.each([
    ['0x0g', "'0x0g' is no hex"],
    ['@/no/such/file', 'ENOENT'],
  ])('a line that can’t be sent, %s, is exit code 2 in a pipe', async (line, why) => {
    const { exit, err } = await runWith(`before\n${line}\nafter\n`, 'connect', await echoServer(), '--wait', '60');
    expect(err).toContain(why);
    expect(exit).toBe(2);
  });
});

describe('connect --once', () => {
  const burst = (): Promise<string> =>
    echoServer(async (ws) => {
      for (const message of ['one', 'two', 'three']) await ws.send(message);
      await ws.closed;
    });

  test.each([[[]], [['--reconnect']]])('ends after one message, whatever else has come: %j', async (more) => {
    const run = start(['connect', await burst(), '--once', ...more]);
    expect(await run.ended).toMatchObject({ exit: 0, out: 'one\n' });
  });
});

test('a port stands for this machine with a query, too', async () => {
  let path: string | undefined;
  const url = new URL(
    await echoServer(async (ws) => {
      path = ws.request!.path;
      await ws.close();
    }),
  );
  expect((await runWith('', 'connect', `${url.port}?a=1`)).exit).toBe(0);
  expect(path).toBe('/');
});

test('that nobody reads the notes ends nothing', async () => {
  const { child, said, ended } = start(['connect', await echoServer(), '--wait', '0']);
  child.stderr.destroy();
  child.stdin.write('one\n');
  await said(/one/);
  child.stdin.end('two\n');
  expect(await ended).toMatchObject({ exit: 0, out: 'one\ntwo\n' });
});

describe('listen', () => {
  async function listening(...args: string[]): Promise<Run & { url: string }> {
    const run = start(['listen', '0', ...args]);
    const [, url] = await run.said(/listening at (\S+)/);
    return { ...run, url };
  }

  test('echoes, and ends with 0 at Ctrl-C', async () => {
    const { url, child, ended } = await listening();
    expect(await open(url, async (ws) => (await ws.send('hello'), ws.receive()))).toBe('hello');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ exit: 0 });
  });

  test('--broadcast sends to everybody', async () => {
    const { url } = await listening('--broadcast');
    const [a, b] = await Promise.all([open(url), open(url)]);
    await a.send('all');
    expect([await a.receive(), await b.receive()]).toEqual(['all', 'all']);
    a.terminate();
    b.terminate();
  });

  test('--exec gives each connection a process, whose lines are messages', async () => {
    const { url } = await listening('--exec', 'sed -u s/a/b/');
    expect(await open(url, async (ws) => (await ws.send('aha'), ws.receive()))).toBe('bha');
  });

  test('--exec warns of nothing where many are connected', async () => {
    const { url, child, ended } = await listening('--exec', 'cat');
    const all = await Promise.all(Array.from({ length: 12 }, () => open(url)));
    for (const ws of all) {
      await ws.send('here');
      expect(await ws.receive()).toBe('here');
    }
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ exit: 0, err: '' });
  });

  test('--exec ends what the shell has started, too, with the connection', async () => {
    const { url, said } = await listening('--exec', 'sleep 3600; true');
    await open(url, () => {});
    // It is told once the process's output has ended, which whoever holds it open delays.
    await said(/#1 closed 1000/);
  });

  test('--static serves files, and nothing outside of their folder', async () => {
    writeFileSync(join(folder, 'index.html'), '<h1>here</h1>');
    const { url } = await listening('--static', folder);
    const http = url.replace('ws', 'http');
    expect(await (await fetch(`${http}/`)).text()).toBe('<h1>here</h1>');
    expect((await fetch(`${http}/%2e%2e/%2e%2e/etc/passwd`)).status).toBe(404);
  });

  test('a port that is taken is exit code 3', async () => {
    const url = new URL(await echoServer());
    expect((await runWith('', 'listen', url.port)).exit).toBe(3);
  });
});

describe('doctor', () => {
  test('exits with 0 before a server that works, and says so', async () => {
    const { exit, out } = await runWith('', 'doctor', await echoServer());
    expect(out).toContain('It works.');
    expect(exit).toBe(0);
  });

  test('exits with 1 before a broken one, as JSON too', async () => {
    const { exit, out } = await runWith('', 'doctor', 'ws://127.0.0.1:1', '--json', '--html', join(folder, 'r.html'));
    expect(JSON.parse(out)).toMatchObject({ healthy: false, verdict: 'Broken: tcp-refused.' });
    expect(exit).toBe(1);
  });
});

test('conformance runs Autobahn’s cases', async () => {
  const report = ['--report', join(folder, 'autobahn'), '--patience', '5'];
  const { exit, out } = await runWith('', 'conformance', await echoServer(), '--cases', '1.1.*,5.1', ...report);
  expect(out).toContain('9 cases: 9 OK');
  expect(exit).toBe(0);
  expect((await runWith('', 'conformance', '--list')).out.trim().split('\n')).toHaveLength(517);
});

test('bench measures an echo, and says its own share of the CPU', async () => {
  const { exit, out } = await runWith('', 'bench', await echoServer(), '--duration', '1', '-c', '2', '--json');
  const result = JSON.parse(out);
  expect(result.messages).toBeGreaterThan(0);
  expect(result.latency.p50).toBeGreaterThan(0);
  expect(result).toMatchObject({ connections: 2, refused: 0, lost: 0 });
  expect(result.ownCpu).toBeGreaterThan(0);
  expect(exit).toBe(0);
});

describe('frames', () => {
  test('shows the examples of RFC 6455 §5.7', async () => {
    expect(await runWith('81 85 37 fa 21 3d 7f 9f 4d 51 58', 'frames', '-')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/frame +text +5 B +FIN\ntext +Hello\n/),
    });
    const { out } = await runWith('01 03 48 65 6c 80 02 6c 6f', 'frames', '-', '--json');
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { kind: 'frame', opcode: 1, fin: false, length: 3 },
      { kind: 'frame', opcode: 0, fin: true, length: 2 },
      { kind: 'text', text: 'Hello' },
    ]);
  });

  test('inflates with --deflate: the examples of RFC 7692 §7.2.3.2', async () => {
    const { exit, out } = await runWith('c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00', 'frames', '-', '--deflate');
    expect(out.match(/^text +Hello$/gm)).toHaveLength(2);
    expect(exit).toBe(0);
  });

  test('a fault is named, and is exit code 1', async () => {
    const { exit, out } = await runWith('83 00', 'frames', '-');
    expect(out).toMatch(/fault .*opcode/i);
    expect(exit).toBe(1);
  });

  test('reads both directions of a pcap, and a segment that came twice once', async () => {
    const frame = Buffer.from('810548656c6c6f', 'hex');
    const packets = [packet(7, frame.subarray(0, 4)), packet(7, frame.subarray(0, 4)), packet(11, frame.subarray(4))];
    const head = Buffer.alloc(24);
    head.writeUInt32LE(0xa1b2c3d4, 0);
    head.writeUInt32LE(101, 20);
    writeFileSync(join(folder, 'a.pcap'), Buffer.concat([head, ...packets]));
    const { exit, out } = await runWith('', 'frames', join(folder, 'a.pcap'));
    expect(out).toMatch(/text +Hello/);
    expect(exit).toBe(0);
  });

  test.skipIf(process.platform === 'win32')('reads a pipe of the shell to its end, however it comes', async () => {
    const script = `yes '81 05 48 65 6c 6c 6f' | head -n 100000 | "$0" "$1" frames -`;
    const run = startProgram('sh', ['-c', script, process.execPath, join(freshBuild(), 'cli.js')]);
    const { exit, out, err } = await run.ended;
    expect(err).toBe('');
    expect(out.match(/^text +Hello$/gm)).toHaveLength(100_000);
    expect(exit).toBe(0);
  });

  test('takes hex of any length, and does not take for hex what is none', async () => {
    writeFileSync(join(folder, 'long.hex'), `827f0000000000800000${'00'.repeat(8 * 1024 * 1024)}`);
    const { exit, out } = await runWith('', 'frames', join(folder, 'long.hex'));
    expect([exit, out]).toEqual([0, expect.stringMatching(/^frame +binary +8\.0 MiB +FIN\nbinary +0{120}\n$/)]);
    expect(await runWith('81 0x x0', 'frames', '-')).toMatchObject({ exit: 1, out: expect.stringContaining('fault') });
  });

  test('takes bytes that are written each with 0x', async () => {
    const { exit, out } = await runWith('0x81, 0x05, 0x48, 0x65,\n0x6c, 0x6c, 0x6f', 'frames', '-');
    expect(out).toMatch(/text +Hello/);
    expect(exit).toBe(0);
  });

  test('tells the connections in a pcap apart, and takes nothing but IP for IP', async () => {
    const frame = (text: string): Buffer => Buffer.from(`\x81\x05${text}`, 'latin1');
    const [arp, cut, one, other] = [frame('wrong'), frame('whole'), frame('Hello'), frame('World')].map((payload) =>
      packet(7, payload),
    );
    arp[16] = 0x05; // no version of IP
    cut.writeUInt16BE(0, 18); // its length was left to the network card
    cut[35] = 1;
    other[35] = 2; // to another address, from and to the same ports
    const head = Buffer.alloc(24);
    head.writeUInt32LE(0xa1b2c3d4, 0);
    head.writeUInt32LE(101, 20);
    writeFileSync(join(folder, 'b.pcap'), Buffer.concat([head, arp, cut, one, other]));
    const { exit, out } = await runWith('', 'frames', join(folder, 'b.pcap'));
    expect([...out.matchAll(/text +([a-z]+)$/gim)].map(([, text]) => text)).toEqual(['whole', 'Hello', 'World']);
    expect(exit).toBe(0);
  });

  /** An IPv4 packet with a TCP segment, with its head in the file. */
  function packet(sequence: number, payload: Buffer): Buffer {
    const bytes = Buffer.alloc(16 + 20 + 20);
    bytes.writeUInt32LE(40 + payload.length, 8);
    bytes.writeUInt32LE(40 + payload.length, 12);
    bytes[16] = 0x45;
    bytes.writeUInt16BE(40 + payload.length, 18);
    bytes[25] = 6;
    bytes.writeUInt32BE(sequence, 40);
    bytes[48] = 0x50;
    return Buffer.concat([bytes, payload]);
  }
});

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { parseOptions } from '../../autobahn/options.ts';
import type { Index } from '../../autobahn/report/json.ts';
import { parseTarget } from '../../autobahn/tcp.ts';
import { own } from '../../autobahn/testees/own.ts';
import { walkThrough } from '../../autobahn/testees/testee.ts';
import { ws } from '../../autobahn/testees/ws.ts';

const folder = await mkdtemp(join(tmpdir(), 'autobahn-'));
afterAll(() => rm(folder, { recursive: true }));
vi.setConfig({ testTimeout: 60_000 });

interface Command {
  readonly ended: Promise<{ code: number | null; out: string; error: string }>;
  /** Resolves to what was said once this has been. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  interrupt(): void;
}

function command(file: string, args: string[], env: NodeJS.ProcessEnv = process.env): Command {
  const child = spawn(process.execPath, ['--import', 'tsx', `autobahn/${file}`, ...args], { env });
  let out = '';
  let error = '';
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (error += text));
  const ended = new Promise<{ code: number | null; out: string; error: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, out, error })),
  );
  return {
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(out);
          if (match !== null) resolve(match);
        };
        child.stdout.on('data', look);
        child.once('close', () => reject(new Error(`it never said ${pattern}: ${out}${error}`)));
        look();
      }),
    interrupt: () => void child.kill('SIGINT'),
  };
}

const indexOf = async (name: string): Promise<Index> =>
  JSON.parse(await readFile(join(folder, name, 'index.json'), 'utf8')) as Index;

test('as a client it judges servers side by side, and exits with 0 when none failed, or was not strict', async () => {
  const servers = [await own.serve(0), await ws().serve(0)];
  const report = join(folder, 'servers');
  const args = ['--cases', '1.1.*,6.1.*', '--parallel', '4', '--patience', '30', '--report', report];
  const both = servers.map(({ url }) => url);
  const strictly = ['--cases', '6.4.1', '--strict', '--patience', '30', '--report', join(folder, 'strict')];
  const [{ code, out }, strict] = await Promise.all([
    command('cli.ts', [...both, ...args, '--agent', 'own', '--agent', 'ws']).ended,
    command('cli.ts', [both[1]!, ...strictly, '--agent', 'ws']).ended,
  ]);
  await Promise.all(servers.map((server) => server.close()));
  expect(out).toContain('own: 11 cases: 11 OK\n');
  expect(out).toContain('ws: 11 cases: 11 OK\n');
  expect(strict.out).toContain('ws: 1 cases: 1 NON-STRICT / OK (6.4.1)\n');
  expect([code, strict.code]).toEqual([0, 1]);
  const index = await indexOf('servers');
  expect(Object.keys(index)).toEqual(['own', 'ws']);
  expect(Object.keys(index['ws']!)).toHaveLength(11);
  expect(await readFile(join(report, 'index.html'), 'utf8')).toContain('<th>own</th><th>ws</th>');
});

test('as a server it lets clients walk through, writes their reports, and exits with 1 when one failed', async () => {
  const report = join(folder, 'clients');
  const server = command('cli.ts', ['--serve', '0', '--cases', '1.1.1,2.1', '--patience', '3', '--report', report]);
  const [, url] = await server.said(/cases at (\S+)/);
  expect(await walkThrough(own, url!, 'own')).toBe(2);
  await own.converse(`${url}/runCase?case=1&agent=mute`, false);
  server.interrupt();
  const { code, out } = await server.ended;
  expect(out).toContain('own: 2 cases: 2 OK\n');
  expect(out).toContain('mute: 1 cases: 1 FAILED');
  expect(code).toBe(1);
  expect(Object.keys((await indexOf('clients'))['own']!)).toEqual(['1.1.1', '2.1']);
});

test('a server that is not there is an exit code of its own', async () => {
  const { code, error } = await command('cli.ts', ['ws://127.0.0.1:1', '--report', join(folder, 'none')]).ended;
  expect(error).toContain("ws://127.0.0.1:1 can't be reached");
  expect(code).toBe(3);
});

test('a wrong command line is an exit code of its own', async () => {
  const { code, error } = await command('cli.ts', ['--cases', '8.*', 'ws://127.0.0.1/']).ended;
  expect(error).toContain('no case matches 8.*');
  expect(code).toBe(2);
});

test.each([
  [['--serve', 'x'], '--serve wants a number'],
  [['--serve', '65536'], '--serve wants a number'],
  [['--serve', '1', 'ws://127.0.0.1/'], 'either URLs or --serve'],
  [['--agent', 'a', '--agent', 'b', 'ws://127.0.0.1/'], 'more agents than URLs'],
  [['--parallel', '0'], '--parallel wants a number'],
  [['--messages', '1.5'], '--messages wants a number'],
  [['--reprot', 'x'], 'reprot'],
])('%j is refused', (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});

test('what is not said has a default', () => {
  expect(parseOptions(['ws://a/', '--cases', '1.*, 2.1', '--cases', '3.*'])).toEqual({
    ...{ urls: ['ws://a/'], serve: undefined, host: '127.0.0.1', cases: ['1.*', '2.1', '3.*'], exclude: [] },
    ...{ messages: undefined, parallel: 1, patience: 1, agents: [], report: 'reports/autobahn/servers' },
    ...{ strict: false, list: false, help: false },
  });
  expect(parseOptions(['--serve', '9001'])).toMatchObject({ serve: 9001, report: 'reports/autobahn/clients' });
});

test.each(['http://127.0.0.1/', 'nowhere'])('%s is no URL to run against', (url) => {
  expect(() => parseTarget(url)).toThrow(TypeError);
});

test('a URL is taken apart', () => {
  expect(parseTarget('wss://[::1]:8443/chat?room=1')).toEqual({
    ...{ secure: true, hostname: '::1', port: 8443, host: '[::1]:8443', resource: '/chat?room=1' },
  });
  expect(parseTarget('ws://example.com')).toMatchObject({
    secure: false,
    port: 80,
    host: 'example.com',
    resource: '/',
  });
});

test('the official suite is run where it is; where it is not, that is said, with a code of its own', async () => {
  const { code, out, error } = await command('official/run.ts', [], { ...process.env, PATH: folder }).ended;
  expect(out).toBe('');
  expect(error).toBe('The official suite needs Docker or a local wstest, and neither is here.\n');
  expect(code).toBe(69);
});

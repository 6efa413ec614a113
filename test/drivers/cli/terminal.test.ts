/** The command on a terminal, with real keys (`script`, of util-linux, makes the terminal). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { listen, open } from '../../../drivers/index.ts';
import { endAll, hasTerminal, start, startOnTerminal } from './running.ts';

const ENTER = '\r';
const UP = '\u001b[A';
const LEFT = '\u001b[D';
const BACKSPACE = '\u007f';
const CTRL_A = '\u0001';
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  endAll();
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** An echo, and all that has come to it. */
async function echoServer(): Promise<{ url: string; messages: unknown[] }> {
  const messages: unknown[] = [];
  const server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
    for await (const message of ws) {
      messages.push(message);
      await ws.send(message);
    }
  });
  cleanups.push(() => server.close({ timeout: 0 }));
  return { url: server.url, messages };
}

describe.skipIf(!hasTerminal)('on a terminal (skipped without `script`)', () => {
  test('what is typed is sent, and Ctrl-C ends it with 0', async () => {
    const { url } = await echoServer();
    const { child, said, ended } = startOnTerminal(['connect', url]);
    await said(/open ws:/);
    child.stdin.write(`typed${ENTER}`);
    await said(/< typed/);
    child.stdin.write(CTRL_C);
    expect((await ended).exit).toBe(0);
  });

  test('keys edit the line, and the arrow up brings the one before', async () => {
    const { url, messages } = await echoServer();
    const { child, said } = startOnTerminal(['connect', url]);
    await said(/open ws:/);
    // One by one, as fingers do it: each is seen before the next.
    const press = async (key: string, seen: RegExp): Promise<void> => {
      child.stdin.write(key);
      await said(seen);
    };
    await press('helo', /helo$/);
    await press(LEFT, /helo\u001b\[1D$/);
    await press('l', /> hello/);
    await press(CTRL_A, /> hello\S*\u001b\[4D$/);
    await press('>', /> >hello/);
    await press(ENTER, /< >hello[^]*> \S*$/);
    await press(UP, /< >hello[^]*>hello/);
    await press(BACKSPACE, /> >hell\u001b\[8G$/);
    await press('p', /\u001b\[8Gp$/);
    await press(ENTER, /< >hellp/);
    expect(messages).toEqual(['>hello', '>hellp']);
  });

  test('Ctrl-D ends it, as the end of a pipe does', async () => {
    const { url } = await echoServer();
    const { child, said, ended } = startOnTerminal(['connect', url, '--wait', '0']);
    await said(/open ws:/);
    child.stdin.write(CTRL_D);
    await said(/closed 1000/);
    expect((await ended).exit).toBe(0);
  });

  test('a line that can’t be sent is told, and the next one is sent', async () => {
    const { url, messages } = await echoServer();
    const { child, said } = startOnTerminal(['connect', url]);
    await said(/open ws:/);
    child.stdin.write(`0x0g${ENTER}`);
    await said(/is no hex/);
    child.stdin.write(`0x0a${ENTER}`);
    await said(/< 0x0a/);
    expect(messages).toEqual([new Uint8Array([0x0a])]);
  });

  test('what a server says can’t steer the terminal', async () => {
    const server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
      await ws.send('\u001b]0;owned\u0007');
      await ws.closed;
    });
    cleanups.push(() => server.close({ timeout: 0 }));
    const { said } = startOnTerminal(['connect', server.url]);
    const [, text] = await said(/< (.*owned.*)/);
    expect(text).toContain('\\u001b]0;owned\\u0007');
  });

  test('a server tells who comes and what they say, and Ctrl-C ends it', async () => {
    const { child, said, ended } = startOnTerminal(['listen', '0']);
    const [, url] = await said(/listening at (\S+)/);
    await open(url, async (ws) => (await ws.send('hello'), ws.receive()));
    await said(/#1 hello[^]*#1 closed 1000/);
    child.stdin.write(CTRL_C);
    expect((await ended).exit).toBe(0);
  });

  test('the doctor prints what it finds as it finds it, and Ctrl-C ends its wait', async () => {
    const { url } = await echoServer();
    const { child, said, ended } = startOnTerminal(['doctor', url, '--idle', '3600']);
    await said(/ok +close/);
    child.stdin.write(CTRL_C);
    const { exit, out } = await ended;
    expect(out).toContain('Interrupted');
    expect(exit).toBe(1);
  });

  test('frames are shown in colours, unless NO_COLOR is set', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'sansocket-frames-')), 'hello');
    cleanups.push(() => rmSync(dirname(file), { recursive: true }));
    writeFileSync(file, '81 05 48 65 6c 6c 6f');
    const plain = await startOnTerminal(['frames', file]).ended;
    expect(plain).toMatchObject({ exit: 0, out: expect.stringMatching(/text +Hello\r\n/) });
    expect(plain.out).not.toContain('\u001b[');
    const { out } = await startOnTerminal(['frames', file], { NO_COLOR: '' }).ended;
    expect(out).toMatch(/\u001b\[32mtext +\u001b\[39m Hello/);
  });

  test('a benchmark shows how far it is, and Ctrl-C ends it with what it has', async () => {
    const { url } = await echoServer();
    const { child, said, ended } = startOnTerminal(['bench', url, '--duration', '3600', '-c', '2']);
    await said(/[█░]{30} \d+ messages/);
    child.stdin.write(CTRL_C);
    const { exit, out } = await ended;
    expect(out).toMatch(/2 connections, \d+ messages in/);
    expect(exit).toBe(0);
  });

  test('the conformance cases show how far they are, and Ctrl-C ends them with what they have', async () => {
    const { url } = await echoServer();
    const folder = mkdtempSync(join(tmpdir(), 'sansocket-report-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const { child, said, ended } = startOnTerminal(['conformance', url, '--report', folder]);
    await said(/[█░]{30} [1-9]\d* of 517/);
    child.stdin.write(CTRL_C);
    const { exit, out } = await ended;
    const [, done] = /Interrupted: (\d+) of 517 cases were run/.exec(out)!;
    expect(out).toMatch(new RegExp(`: ${done} cases: `));
    expect(
      Object.values(JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as object).flatMap(Object.keys),
    ).toHaveLength(Number(done));
    expect(exit).toBe(1);
  });
});

test('the doctor, interrupted, says what it has found by then', async () => {
  const server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
    for await (const message of ws) await ws.send(message);
  });
  cleanups.push(() => server.close({ timeout: 0 }));
  const { child, said, ended } = start(['doctor', server.url, '--idle', '3600']);
  await said(/ok +close/);
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ exit: 1, out: expect.stringContaining('Interrupted') });
});

/** Writing past the queue of a stream, and through it: docs/design/adr/0010-writes-go-past-the-queue.md. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { NodeTransport } from '../../../drivers/node/node-transport.ts';

/** A socket that writes in a way of its own, so that it is written to through its queue. */
class OtherSocket extends Socket {
  override _write(...args: Parameters<Socket['_write']>): void {
    super._write(...args);
  }
}

interface Pair {
  readonly transport: NodeTransport;
  readonly stream: Socket;
  readonly peer: Socket;
  /** What the transport has reported, `onData` left out. */
  readonly reports: string[];
}

/** A transport over an accepted socket, and its peer, which does not read yet. */
async function pair(other: boolean, before = (_stream: Socket) => {}): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  await once(server, 'listening');
  const peer = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).pause();
  const [stream] = await accepted;
  server.close();
  onTestFinished(() => {
    stream.destroy();
    peer.destroy();
  });
  if (other) Object.setPrototypeOf(stream, OtherSocket.prototype);
  const reports: string[] = [];
  before(stream);
  const transport = new NodeTransport(stream, {
    onData() {},
    onDrain: () => void reports.push(stream.writableLength === 0 ? 'drain' : 'drain, too early'),
    onReleased: () => void reports.push('released'),
    onEnd: () => void reports.push('end'),
    onLost: (error) => void reports.push(`lost: ${(error as NodeJS.ErrnoException | undefined)?.code}`),
  });
  return { transport, stream, peer, reports };
}

async function readAll(peer: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
  await once(peer, 'end');
  return Buffer.concat(chunks);
}

/** More than kernels buffer. */
const MUCH = 12 * 1024 * 1024;

describe.each([
  ['past its queue', false],
  ['through its queue, where the socket has a way of its own to write', true],
])('a transport writes to a socket %s', (_, other) => {
  test('chunks in order, whose memory may be used again when it has said so', async () => {
    const { transport, stream, peer, reports } = await pair(other);
    const write = vi.spyOn(stream, 'write');
    const one = Buffer.from('one ');
    expect(transport.write([one])).toBe(true);
    one.fill('!');
    const several = ['two ', 'three ', 'four'].map((text) => new Uint8Array(Buffer.from(text)));
    expect(transport.write(several)).toBe(true);
    for (const chunk of several) chunk.fill(0);
    expect(transport.bufferedAmount).toBe(0);
    expect(write).toHaveBeenCalledTimes(other ? 4 : 0);
    expect(reports).toEqual([]);
    transport.end();
    expect((await readAll(peer)).toString()).toBe('one two three four');
  });

  test('what the kernel does not take waits, the end behind it, and it drains once', async () => {
    const { transport, peer, reports } = await pair(other);
    const chunks = [Buffer.alloc(MUCH, 'waits '), Buffer.from('and the last')];
    expect(transport.write(chunks)).toBe(false);
    expect(transport.bufferedAmount).toBeGreaterThan(0);
    transport.end();
    expect(reports).toEqual([]);
    expect((await readAll(peer)).equals(Buffer.concat(chunks))).toBe(true);
    await vi.waitUntil(() => reports.length > 0);
    expect(reports).toEqual(['drain']);
    expect(transport.bufferedAmount).toBe(0);
  });

  test('and after a drain, more', async () => {
    const { transport, peer, reports } = await pair(other);
    expect(transport.write([Buffer.alloc(MUCH)])).toBe(false);
    const everything = readAll(peer);
    await vi.waitUntil(() => reports.includes('drain'));
    expect(transport.write([Buffer.from('more')])).toBe(true);
    transport.end();
    expect((await everything).subarray(MUCH).toString()).toBe('more');
  });

  // What other ways of writing do with a chunk after the end is not known.
  const released = other ? [] : ['released'];

  test('aborted while something waits: it is lost, without a drain', async () => {
    const { transport, reports } = await pair(other);
    expect(transport.write([Buffer.alloc(MUCH)])).toBe(false);
    transport.abort();
    expect(reports).toEqual([]);
    await vi.waitUntil(() => reports.length > 0);
    expect(reports).toEqual([...released, 'lost: undefined']);
    expect(transport.write([Buffer.from('too late')])).toBe(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reports).toEqual([...released, 'lost: undefined']);
  });

  test('reset by the peer while something waits: it is lost, with the error', async () => {
    const { transport, peer, reports } = await pair(other);
    expect(transport.write([Buffer.alloc(MUCH)])).toBe(false);
    peer.resetAndDestroy();
    await vi.waitUntil(() => reports.length > 0);
    expect(reports).toEqual([...released, expect.stringMatching(/^lost: (ECONNRESET|EPIPE)$/)]);
  });
});

test('a write that fails at once is reported afterwards', async () => {
  const { transport, stream, reports } = await pair(false);
  // As after a peer's reset that has not been read of yet: the kernel takes nothing more.
  await new Promise((resolve) => void stream.end(() => resolve(undefined)));
  expect(transport.write([Buffer.from('on a closed line')])).toBe(false);
  expect(reports).toEqual([]);
  await vi.waitUntil(() => reports.length > 0);
  expect(reports).toEqual(['released', 'lost: EPIPE']);
});

test('a socket in which something waits is written to behind it', async () => {
  const first = Buffer.alloc(MUCH, 'first ');
  const { transport, peer } = await pair(false, (stream) => void stream.write(first));
  transport.write([Buffer.from('and then ours')]);
  transport.end();
  const all = await readAll(peer);
  expect(all.subarray(0, MUCH).equals(first)).toBe(true);
  expect(all.subarray(MUCH).toString()).toBe('and then ours');
});

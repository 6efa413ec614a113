/**
 * Go's gorilla/websocket and python3-websockets, in both roles, each a process of its own over real sockets. `peers.ts`
 * has what stands between them and these tests.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen, open, type WebSocket } from '../../drivers/index.ts';
import type { CompressOptions, LimitOptions } from '../../protocol/index.ts';
import { asynchronously, BINARIES, deferred, same, TEXTS } from './messages.ts';
import { gorilla, type Peer, type PeerKind, type PeerOptions, websockets } from './peers.ts';

type Role = 'client' | 'server';
interface Options {
  ours?: LimitOptions & { subprotocols?: string[]; requireSubprotocol?: boolean; compress?: boolean | CompressOptions };
  theirs?: PeerOptions;
}
/** The two ends of an open connection. */
interface Pair {
  ws: WebSocket;
  peer: Peer;
  opened: { subprotocol: string; extensions: string };
}

const MIB = 1024 * 1024;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The programs that run, by what they were started with: starting one takes longer than most tests. */
const peers = new Map<string, Peer>();
const ports = new Map<Peer, number>();

async function peerOf(kind: PeerKind, role: Role, options: PeerOptions): Promise<Peer> {
  const key = JSON.stringify([kind.name, role, options]);
  const running = peers.get(key);
  if (running !== undefined) return running;
  const peer = kind.start({ ...options, role });
  peers.set(key, peer);
  if (role === 'server') ports.set(peer, (await peer.next('port')).port);
  return peer;
}

/** Our end in this role, and theirs in the other. */
async function connected(kind: PeerKind, role: Role, { ours = {}, theirs = {} }: Options = {}): Promise<Pair> {
  const peer = await peerOf(kind, role === 'client' ? 'server' : 'client', theirs);
  let ws: WebSocket;
  if (role === 'client') {
    ws = await open(`ws://127.0.0.1:${ports.get(peer)}`, ours);
  } else {
    const arrived = deferred<WebSocket>();
    const server = await listen({ host: '127.0.0.1', port: 0, ...ours }, async (one) => {
      arrived.resolve(one);
      await one.closed;
    });
    cleanups.push(() => server.close({ timeout: 0 }));
    peer.connect(server.url);
    ws = await arrived.promise;
  }
  cleanups.push(() => {
    ws.terminate();
    return peer.untilClosed();
  });
  return { ws, peer, opened: await peer.next('open') };
}

/** Every message goes there and another like it comes back. */
async function exchange({ ws, peer }: Pair, messages: readonly (string | Uint8Array)[]): Promise<void> {
  for (const message of messages) {
    const [sent, { message: there }] = await Promise.all([ws.send(message), peer.next('message')]);
    expect([sent, same(there, message)]).toEqual([undefined, true]);
    peer.send(message);
    expect(same(await ws.receive(), message)).toBe(true);
  }
}

describe.each([gorilla, websockets])('$name (skipped where it is not installed)', (kind) => {
  if (kind.isHere) {
    const undo: (() => void)[] = [];
    beforeAll(() => void undo.push(kind.prepare()), 120_000);
    afterAll(() => {
      for (const peer of peers.values()) peer.end();
      peers.clear();
      for (const one of undo) one();
    });
  }

  describe.skipIf(!kind.isHere).each(['client', 'server'] as const)('with our %s', { timeout: 60_000 }, (role) => {
    test('every kind and length of message goes both ways', async () => {
      await exchange(await connected(kind, role), [...TEXTS, ...BINARIES, 'ü'.repeat(MIB / 2)]);
    });

    test('our fragments make one message for it', async () => {
      const { ws, peer } = await connected(kind, role);
      await ws.send(asynchronously(['one ', 'message, ', '', 'four fragments']));
      expect(await peer.next('message')).toEqual({ message: 'one message, four fragments' });
      await ws.send([new Uint8Array([1]), new Uint8Array(0), new Uint8Array(MIB).fill(2)]);
      const { message } = await peer.next('message');
      expect(
        same(
          message,
          Uint8Array.from({ length: MIB + 1 }, (_, i) => (i === 0 ? 1 : 2)),
        ),
      ).toBe(true);
    });

    test('its fragments make one message for us', async () => {
      const pair = await connected(kind, role, { theirs: { fragment: 1000 } });
      pair.peer.send('z'.repeat(10_000));
      expect(await pair.ws.receive()).toBe('z'.repeat(10_000));
      pair.peer.send(BINARIES.at(-1)!);
      expect(same(await pair.ws.receive(), BINARIES.at(-1)!)).toBe(true);
    });

    test('and it does send fragments: whoever allows none ends the connection', async () => {
      const { ws, peer } = await connected(kind, role, { ours: { maxFragments: 1 }, theirs: { fragment: 1000 } });
      peer.send('z'.repeat(10_000));
      expect(await ws.closed).toMatchObject({ sent: { code: 1008 }, clean: false });
    });

    test('a message of ours comes to it in order behind the ones before, a thousand at once', async () => {
      const { ws, peer } = await connected(kind, role);
      const sent = Array.from({ length: 1000 }, (_, i) => `message ${i}`);
      await Promise.all(sent.map((message) => ws.send(message)));
      for (const message of sent) expect(await peer.next('message')).toEqual({ message });
    });

    test('pings go both ways', async () => {
      const pair = await connected(kind, role);
      const { ws, peer } = pair;
      expect(await ws.ping('from us')).toBeGreaterThanOrEqual(0);
      expect(await ws.ping(new Uint8Array(125))).toBeGreaterThanOrEqual(0);
      peer.ping('from them');
      expect(await peer.next('pong')).toEqual({ data: 'from them' });
      ws.pong('for nothing');
      await exchange(pair, ['and the connection lives on']);
    });

    test.each([
      [1000, 'done'],
      [1001, ''],
      [1011, 'ünexpected'],
      [4999, 'x'.repeat(123)],
    ])('we close first, with %i', async (code, reason) => {
      const { ws, peer } = await connected(kind, role);
      const closed = ws.close(code, reason);
      expect(await peer.next('close')).toEqual({ code, reason });
      expect(await closed).toMatchObject({ code, clean: true, first: 'sent' });
    });

    test.each([
      [1000, 'done'],
      [1001, ''],
      [1011, 'ünexpected'],
      [4999, 'x'.repeat(123)],
    ])('it closes first, with %i', async (code, reason) => {
      const { ws, peer } = await connected(kind, role);
      peer.close(code, reason);
      expect(await ws.closed).toMatchObject({ code, reason, clean: true, first: 'received' });
      expect(await peer.next('close')).toMatchObject({ code });
    });

    test('what was sent before a Close frame is all received', async () => {
      const { ws, peer } = await connected(kind, role);
      const big = 'x'.repeat(MIB);
      void ws.send(big);
      void ws.close(4000, 'after that');
      expect(same((await peer.next('message')).message, big)).toBe(true);
      expect(await peer.next('close')).toEqual({ code: 4000, reason: 'after that' });
    });

    test('it goes away without a word', async () => {
      const { ws, peer } = await connected(kind, role);
      peer.drop();
      expect(await ws.closed).toMatchObject({ code: 1006, clean: false });
      expect(await peer.next('close')).toMatchObject({ code: 1006 });
    });

    test('we go away without a word', async () => {
      const { ws, peer } = await connected(kind, role);
      ws.terminate();
      expect(await peer.next('close')).toMatchObject({ code: 1006 });
    });

    test('a subprotocol is agreed on, or none', async () => {
      const [ours, theirs] = [{ subprotocols: ['b', 'c'] }, { subprotocols: ['a', 'b'] }];
      const agreed = await connected(kind, role, { ours, theirs });
      expect([agreed.ws.protocol, agreed.opened.subprotocol]).toEqual(['b', 'b']);
      const lenient = role === 'client' ? { ...ours, requireSubprotocol: false } : ours;
      const none = await connected(kind, role, { ours: lenient, theirs: { subprotocols: ['a'] } });
      expect([none.ws.protocol, none.opened.subprotocol]).toEqual(['', '']);
    });

    describe('compressed', () => {
      const repeated = ['{"id":1,"name":"one"}'.repeat(50), '{"id":1,"name":"one"}'.repeat(50)];
      const messages = [...TEXTS, ...BINARIES, ...repeated, ...repeated.map((text) => new TextEncoder().encode(text))];
      const takeovers: PeerOptions['deflate'][] = [
        undefined,
        { server_no_context_takeover: true, client_no_context_takeover: true },
      ];

      test.each(takeovers)('messages go both ways, as it asks for: %j', async (deflate) => {
        const theirs = { compress: true, deflate };
        const pair = await connected(kind, role, { ours: { compress: { threshold: 0 } }, theirs });
        expect(pair.ws.extensions).toMatch(kind.compresses(theirs));
        await exchange(pair, messages);
      });

      test('messages go both ways without contexts, as we ask for', async () => {
        const compress = { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true };
        const pair = await connected(kind, role, { ours: { compress }, theirs: { compress: true } });
        // A server names no server_no_context_takeover that it was not asked for: it needs no word, and some clients refuse it.
        const both =
          role === 'client' ? /server_no_context_takeover.*client_no_context_takeover/ : /client_no_context_takeover/;
        expect(pair.ws.extensions).toMatch(both);
        await exchange(pair, messages);
      });

      test('in fragments, both ways', async () => {
        const theirs = { compress: true, fragment: 1000 };
        const { ws, peer } = await connected(kind, role, { ours: { compress: { threshold: 0 } }, theirs });
        await ws.send(asynchronously(['some ', 'thing '.repeat(1000), '', 'else']));
        const whole = `some ${'thing '.repeat(1000)}else`;
        expect(await peer.next('message')).toEqual({ message: whole });
        peer.send(whole);
        expect(await ws.receive()).toBe(whole);
      });

      test('is off where one side does not know it', async () => {
        const pair = await connected(kind, role, { ours: { compress: true } });
        expect(pair.ws.extensions).toBe('');
        await exchange(pair, repeated);
      });
    });
  });
});

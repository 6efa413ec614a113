/** The promise API under random faults: whatever handlers do and the network does, everything settles, once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNetwork, InvalidStateError, WaitTimeoutError, WebSocketError } from '../../../drivers/pipe/index.ts';
import type { OneWayOptions, NetworkOptions, WebSocket } from '../../../drivers/pipe/index.ts';

const HOUR = 3_600_000;

const lane: fc.Arbitrary<OneWayOptions> = fc.record(
  {
    latency: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constant([0, 500] as const)),
    cut: fc.constantFrom('whole' as const, 'random' as const, 1, 7, [1]),
    bandwidth: fc.constant(50_000),
    window: fc.constantFrom(100, 5_000),
    fault: fc.record({
      after: fc.integer({ min: 0, max: 3_000 }),
      kind: fc.constantFrom('reset' as const, 'end' as const, 'stall' as const, 'lose' as const),
    }),
  },
  { requiredKeys: [] },
);
const networkOptions: fc.Arbitrary<NetworkOptions> = fc.record({ seed: fc.integer(), toServer: lane, toClient: lane });

class Mishap extends Error {}

/** What a handler may do, in turn. Each may be overtaken by the end of the connection. */
type Act =
  | { do: 'send'; size: number }
  | { do: 'fragments'; count: number }
  | { do: 'receive' | 'iterate' | 'stream' | 'ping' | 'close' | 'terminate' | 'throw' | 'forget' };
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), size: fc.nat(500) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fragments' as const), count: fc.nat(5) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...(['receive', 'iterate', 'stream', 'ping', 'close', 'terminate', 'throw', 'forget'] as const),
      ),
    }),
  },
);

interface Account {
  readonly sent: string[];
  readonly received: string[];
  webSocket: WebSocket | undefined;
}

const text = (index: number, size: number) => `${index}:`.padEnd(size, 'x');

/** A handler that does these things and keeps account of whole messages. */
function acting(acts: readonly Act[], account: Account) {
  const receive = async (ws: WebSocket) => {
    account.received.push((await ws.receive({ timeout: 30_000 })) as string);
  };
  return async (ws: WebSocket): Promise<void> => {
    account.webSocket = ws;
    for (const [index, act] of acts.entries()) {
      if (act.do === 'send') {
        account.sent.push(text(index, act.size));
        await ws.send(text(index, act.size));
      } else if (act.do === 'fragments') {
        account.sent.push('part '.repeat(act.count));
        await ws.send(
          (async function* () {
            for (let i = 0; i < act.count; i++) yield 'part ';
          })(),
        );
      } else if (act.do === 'receive') {
        await receive(ws);
      } else if (act.do === 'iterate') {
        for await (const message of ws) {
          account.received.push(message as string);
          if (account.received.length % 3 === 0) break;
        }
      } else if (act.do === 'stream') {
        let message = '';
        for await (const chunk of ws.receiveStream()) message += String(chunk);
        account.received.push(message);
      } else if (act.do === 'ping') {
        expect(await ws.ping()).toBeGreaterThanOrEqual(0);
      } else if (act.do === 'close') {
        await ws.close(3000, 'enough');
      } else if (act.do === 'terminate') {
        ws.terminate();
      } else if (act.do === 'throw') {
        throw new Mishap();
      } else {
        // Promises that nobody awaits must not come back as unhandled rejections.
        void ws.ping();
        void ws.receive({ timeout: 1 }).then(
          (message) => account.received.push(message as string),
          () => {},
        );
      }
    }
  };
}

test('every promise settles, every connection ends once, messages arrive in order, and nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(
      networkOptions,
      fc.array(act, { maxLength: 8 }),
      fc.array(act, { maxLength: 8 }),
      async (options, clientActs, serverActs) => {
        const network = createNetwork(options);
        const ours: Account = { sent: [], received: [], webSocket: undefined };
        const theirs: Account = { sent: [], received: [], webSocket: undefined };
        const errors: unknown[] = [];
        const server = await network.listen(
          { host: 'server', onError: (error) => void errors.push(error) },
          acting(serverActs, theirs),
        );
        let outcome: unknown = 'open has not settled';
        void network.open('ws://server', acting(clientActs, ours)).then(
          () => (outcome = undefined),
          (error: unknown) => (outcome = error),
        );
        await network.advance(HOUR);
        // Two that wait for each other are sent home.
        let closed = false;
        void server.close().then(() => (closed = true));
        await network.advance(HOUR);

        expect(closed).toBe(true);
        if (outcome !== undefined && !isMishap(outcome)) expect(outcome).toBeInstanceOf(WebSocketError);
        for (const error of errors) {
          if (!isMishap(error)) expect(error).toBeInstanceOf(WebSocketError);
        }
        const order = (messages: string[], of: string[]) => messages.every((message, i) => message === of[i]);
        expect(order(ours.received, theirs.sent)).toBe(true);
        expect(order(theirs.received, ours.sent)).toBe(true);
        for (const { webSocket } of [ours, theirs]) {
          if (webSocket === undefined) continue;
          expect(webSocket.state).toBe('closed');
          const info = await webSocket.closed;
          expect(info.clean).toBe(info.error === undefined);
          await expect(webSocket.close()).resolves.toBe(info);
        }
        expect([server.connections.size, network.clock.timers, network.links]).toEqual([0, 0, []]);
      },
    ),
    { numRuns: 300 },
  );
});

/** What a program does to itself, and what no connection ends by. */
function isMishap(error: unknown): boolean {
  return [Mishap, WaitTimeoutError, InvalidStateError].some((kind) => error instanceof kind);
}

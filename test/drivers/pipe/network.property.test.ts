/** What holds for every network, whatever its seed, its cuts and its faults. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NetworkDriver } from '../../../drivers/pipe/network.ts';
import type { OneWayOptions } from '../../../drivers/pipe/link-options.ts';
import type { NetworkOptions } from '../../../drivers/pipe/options.ts';
import type { TraceEntry } from '../../../drivers/pipe/trace.ts';
import { echo } from './sessions.ts';

const HOUR = 3_600_000;

const lane: fc.Arbitrary<OneWayOptions> = fc.record(
  {
    latency: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constant([0, 500] as const)),
    cut: fc.constantFrom('whole' as const, 'random' as const, 1, 2, 7, [1], [130, 1, 1]),
    bandwidth: fc.constantFrom(2_000, 50_000),
    window: fc.constantFrom(1, 100, 5_000),
    loss: fc.constantFrom(0.05, 0.3),
    fault: fc.record({
      after: fc.integer({ min: 0, max: 600 }),
      kind: fc.constantFrom('reset' as const, 'end' as const, 'stall' as const, 'lose' as const),
    }),
  },
  { requiredKeys: [] },
);
const networkOptions: fc.Arbitrary<NetworkOptions> = fc.record({
  seed: fc.integer(),
  toServer: lane,
  toClient: lane,
});
const faultless = networkOptions.map(({ seed, toServer, toClient }) => ({
  seed,
  toServer: { ...toServer, fault: undefined },
  toClient: { ...toClient, fault: undefined },
}));

type Step =
  | { do: 'send'; by: 'client' | 'server'; size: number }
  | { do: 'ping' | 'close' | 'terminate' | 'pause' | 'resume'; by: 'client' | 'server' }
  | { do: 'advance'; ms: number };
const by = fc.constantFrom('client' as const, 'server' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), by, size: fc.nat(300) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('ping' as const, 'close' as const, 'terminate' as const, 'pause' as const, 'resume' as const),
      by,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 50, 15_000) }) },
);

/** The peer has given up by the time at which the server closes, and reads its Close frame in pieces. */
const PAUSED_FOR_LONG: [NetworkOptions, Step[]] = [
  { seed: 0, toServer: { cut: 2 }, toClient: {} },
  [
    { do: 'pause', by: 'server' },
    { do: 'close', by: 'client' },
    { do: 'advance', ms: 15_000 },
  ],
];

/** Opens a connection and runs a script over it, on a manual network; then gives everything the time to end. */
async function run(options: NetworkOptions, steps: readonly Step[]) {
  const trace: TraceEntry[] = [];
  const network = new NetworkDriver({ ...options, manual: true, trace: (entry) => trace.push(entry) });
  const session = await echo(network, { onServer: {} });
  const { client, server, socket } = session;
  const failures: unknown[] = [];
  const sent = { client: [] as unknown[], server: [] as unknown[] };
  await network.advance(1000);
  for (const step of steps) {
    if (step.do === 'advance') {
      await network.advance(step.ms);
      continue;
    }
    const one = step.by === 'client' ? socket : server.sockets[0];
    if (one === undefined) continue;
    try {
      if (step.do !== 'send') {
        one[step.do]();
      } else if (one.state === 'open') {
        const message = step.size % 2 ? 'x'.repeat(step.size) : new Uint8Array(step.size);
        one.send(message);
        sent[step.by].push(message);
      }
    } catch (error) {
      failures.push(error);
    }
  }
  socket.resume();
  server.sockets[0]?.resume();
  socket.close();
  server.sockets[0]?.close();
  await network.advance(HOUR);
  return { ...session, network, client, server, trace, sent, failures };
}

test('every connection ends exactly once on each side, and nothing is left of it', async () => {
  await fc.assert(
    fc.asyncProperty(networkOptions, fc.array(step, { maxLength: 25 }), async (options, steps) => {
      const { network, client, server, trace, failures, listener } = await run(options, steps);
      expect(failures).toEqual([]);
      expect(client.infos.length).toBe(1);
      expect(server.infos.length).toBe(trace.filter(({ event }) => event === 'accept').length);
      for (const { log } of [client, server]) {
        expect(log.filter((line) => line.startsWith('error'))).toEqual([]);
        // Nothing comes after the end.
        if (log.length > 0) expect(log.at(-1)).toMatch(/^close/);
        expect(log.indexOf('open')).toBeLessThanOrEqual(0);
      }
      expect([network.clock.timers, network.links, listener.connections.size]).toEqual([0, [], 0]);
    }),
    { numRuns: 250 },
  );
});

test('who received a Close frame received all that was sent before it, and the codes agree', async () => {
  await fc.assert(
    fc.asyncProperty(networkOptions, fc.array(step, { maxLength: 25 }), async (options, steps) => {
      const { client, server, sent } = await run(options, steps);
      const [ours, theirs] = [client.infos[0], server.infos[0]];
      for (const info of [ours, theirs]) {
        if (info === undefined) continue;
        expect(info.clean).toBe(info.received !== undefined && info.sent !== undefined);
        expect(info.clean ? info.error : 'none').toBe(info.clean ? undefined : 'none');
        expect(info.code).toBe(info.received?.code ?? 1006);
      }
      if (ours?.received !== undefined) {
        expect(ours.received).toEqual(theirs?.sent);
        expect(client.messages).toEqual(sent.server);
      }
      if (theirs?.received !== undefined) {
        expect(theirs.received).toEqual(ours?.sent);
        expect(server.messages).toEqual(sent.client);
      }
    }),
    { numRuns: 100, examples: [PAUSED_FOR_LONG] },
  );
});

test('however bytes are cut, delayed and sent again, the same messages arrive in the same order', async () => {
  await fc.assert(
    fc.asyncProperty(
      faultless,
      fc.array(fc.record({ by, text: fc.boolean(), size: fc.nat(200) }), { maxLength: 10 }),
      async (options, messages) => {
        const network = new NetworkDriver(options);
        // A byte a second is no fault here.
        const patient = { handshakeTimeout: 0, closeTimeout: 0, pingInterval: 0 };
        const { client, server, socket } = await echo(network, { client: patient, server: patient, onServer: {} });
        await server.until(() => server.sockets.length === 1);
        await client.until(() => socket.state === 'open');
        const sent = { client: [] as unknown[], server: [] as unknown[] };
        for (const { by, text, size } of messages) {
          const message = text ? 'ü'.repeat(size) : new Uint8Array(size).fill(size);
          (by === 'client' ? socket : server.sockets[0]!).send(message);
          sent[by].push(message);
        }
        await network.settle();
        expect(server.messages).toEqual(sent.client);
        expect(client.messages).toEqual(sent.server);
        socket.close();
        await network.settle();
        expect([client.infos[0]?.clean, server.infos[0]?.clean]).toEqual([true, true]);
      },
    ),
    { numRuns: 60 },
  );
});

test('a seed reproduces a run to the last packet; another seed gives another run', async () => {
  const options = { latency: [1, 40], cut: 'random', loss: 0.1, bandwidth: 50_000 } as const;
  const record = async (seed: number) => {
    const trace: TraceEntry[] = [];
    const network = new NetworkDriver({ seed, ...options, trace: (entry) => trace.push(entry) });
    const { client, server, socket } = await echo(network);
    await client.until(() => socket.state === 'open');
    for (let i = 0; i < 10; i++) socket.send('x'.repeat(i * 500));
    await client.until(() => client.messages.length === 10);
    socket.close();
    await network.settle();
    return { trace, client: client.log, server: server.log, end: network.clock.now() };
  };
  const first = await record(11);
  expect(await record(11)).toEqual(first);
  for (const seed of [12, 13, 14]) expect((await record(seed)).trace).not.toEqual(first.trace);
});

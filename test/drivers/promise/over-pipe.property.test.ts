import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WaitTimeoutError, WebSocketError } from '../../../protocol/index.ts';
import type { ReceivedMessage, WebSocket } from '../../../drivers/promise/index.ts';
import { piped, URL } from './piped.ts';

/** How the sending side ends the connection behind its last message. */
type Ending = 1000 | 1001 | 4000 | 'reset' | 'end' | 'throw';

/** What the receiving side does between two messages, and how it asks for the next one. */
interface Habit {
  how: 'receive' | 'iterate' | 'iterate once' | 'stream' | 'try' | 'ahead';
  ticks: number;
  turns: number;
}

const message = fc.oneof(
  fc.string({ maxLength: 20, unit: 'binary' }),
  fc.uint8Array({ maxLength: 20 }),
  fc.nat(5000).map((length) => 'é'.repeat(length)),
  fc.nat(20_000).map((length) => new Uint8Array(length).fill(length)),
);

const habit: fc.Arbitrary<Habit> = fc.record({
  how: fc.constantFrom('receive', 'iterate', 'iterate once', 'stream', 'try', 'ahead'),
  ticks: fc.nat(4),
  turns: fc.nat(2),
});

const run = fc.record({
  seed: fc.nat(1000),
  cut: fc.oneof(fc.constantFrom('whole' as const, 'random' as const), fc.integer({ min: 1, max: 40 })),
  window: fc.constantFrom(10, 1000, 65_536),
  messages: fc.array(fc.oneof(message, fc.array(fc.string({ maxLength: 5, unit: 'binary' }), { maxLength: 4 })), {
    maxLength: 40,
  }),
  habits: fc.array(habit, { minLength: 1, maxLength: 6 }),
  receiveQueue: fc.integer({ min: 1, max: 20 }),
  ending: fc.constantFrom<Ending>(1000, 1001, 4000, 'reset', 'end', 'throw'),
});

test('all messages come, in order, and then the end, whatever the network and the consumer do', async () => {
  await fc.assert(
    fc.asyncProperty(run, async ({ seed, cut, window, messages, habits, receiveQueue, ending }) => {
      const { network, open, listen } = piped({ seed, latency: [0, 3], window, toClient: { cut } });
      // A narrow window takes its time.
      const patient = { closeTimeout: false, pingInterval: false } as const;
      await listen(async (webSocket) => {
        for (const one of messages) await webSocket.send(one);
        if (ending === 'throw') throw new Error('thrown');
        if (typeof ending === 'number') return void (await webSocket.close(ending));
        // Behind all that was sent: the peer's pong tells that it has been read.
        await webSocket.ping();
        if (ending === 'reset') network.links[0].reset();
        else network.links[0].toClient.end();
      }, patient);
      const webSocket = await open(URL, { receiveQueue, ...patient });
      const { received, error } = await receiveAll(webSocket, habits);

      expect(received.map(show)).toEqual(messages.map((one) => show(Array.isArray(one) ? one.join('') : one)));
      const code = ending === 'throw' ? 1011 : typeof ending === 'number' ? ending : 1006;
      expect(error.code).toBe(code);
      expect((await webSocket.closed).code).toBe(code);
      await network.settle();
      expect(network.clock.timers).toBe(0);
    }),
    { numRuns: 150 },
  );
}, 120_000);

async function receiveAll(webSocket: WebSocket, habits: Habit[]) {
  const received: ReceivedMessage[] = [];
  const ahead: Promise<ReceivedMessage>[] = [];
  for (let i = 0; ; i++) {
    const { how, ticks, turns } = habits[i % habits.length];
    for (let tick = 0; tick < ticks; tick++) await undefined;
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    try {
      if (how === 'ahead') ahead.push(webSocket.receive());
      // Those that stand in line already come first.
      while (ahead.length > (how === 'ahead' ? 2 : 0)) received.push(await ahead.shift()!);
      if (how !== 'ahead') await take(webSocket, how, received, i);
    } catch (error) {
      if (error instanceof WaitTimeoutError && webSocket.state === 'open') {
        // What is polled for needs a turn of the event loop to come.
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      expect(error).toBeInstanceOf(WebSocketError);
      return { received, error: error as WebSocketError };
    }
  }
}

async function take(webSocket: WebSocket, how: Habit['how'], received: ReceivedMessage[], i: number): Promise<void> {
  if (how === 'receive') {
    received.push(await webSocket.receive());
  } else if (how === 'try') {
    received.push(await webSocket.receive({ timeout: 0 }));
  } else if (how === 'stream') {
    const stream = webSocket.receiveStream();
    const chunks: ReceivedMessage[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    received.push(stream.binary ? Buffer.concat(chunks as Uint8Array[]) : chunks.join(''));
  } else {
    let taken = 0;
    for await (const message of webSocket) {
      received.push(message);
      if (how === 'iterate once' || ++taken > i % 3) return;
    }
    // It ended silently: so must have the connection.
    received.push(await webSocket.receive());
  }
}

/** A message as text; lone surrogates go out as U+FFFD. */
function show(message: ReceivedMessage): string {
  const bytes = Buffer.from(message as string);
  return (typeof message === 'string' ? 'text ' : 'bytes ') + bytes.toString('latin1');
}

import * as fc from 'fast-check';
import type { Handlers } from '../../drivers/socket/socket.ts';
import {
  type Fault,
  type OneWayOptions,
  type LinkOptions,
  NetworkDriver,
  type Socket,
} from '../../drivers/pipe/index.ts';
import type { CloseInfo } from '../../protocol/index.ts';
import { slowly } from '../../test/support/slow-codec.ts';
import { assert, assertSame, type Target } from '../support/target.ts';
import { anyText } from '../support/wire.ts';

type Command =
  | { readonly do: 'text'; readonly text: string }
  | { readonly do: 'bytes'; readonly length: number; readonly byte: number }
  | { readonly do: 'fragments'; readonly texts: readonly string[] }
  | { readonly do: 'ping' | 'pause' | 'stopReading' | 'resume' }
  | { readonly do: 'wait'; readonly milliseconds: number };

interface Input {
  readonly client: readonly Command[];
  readonly server: readonly Command[];
  readonly link: LinkOptions;
  readonly compress: keyof typeof COMPRESS;
  /** Who closes at the end, and after how long. */
  readonly closer: 'client' | 'server' | 'both';
  readonly seed: number;
}

/** Not at all, on the spot, or the larger ones later, with everything behind them waiting. */
const COMPRESS = {
  no: false,
  yes: { threshold: 0 },
  later: { threshold: 0, asyncAbove: 200 },
} as const;
/** How long a message takes that is deflated later, one after the other, in milliseconds. */
const DEFLATING = [0, 3, 700];

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('text' as const), text: anyText }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('bytes' as const),
      length: fc.oneof(fc.nat(300), fc.constantFrom(1023, 1025, 70_000)),
      byte: fc.nat(255),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fragments' as const),
      texts: fc.array(anyText, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('ping', 'pause', 'stopReading', 'resume') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), milliseconds: fc.nat(500) }) },
);

const anyFault: fc.Arbitrary<Fault> = fc.record({
  after: fc.nat(3000),
  kind: fc.constantFrom('reset', 'end', 'stall', 'lose'),
});
const anyLane: fc.Arbitrary<OneWayOptions> = fc.record(
  {
    latency: fc.oneof(fc.nat(50), fc.constant([0, 300] as const)),
    cut: fc.oneof(fc.constant('whole' as const), fc.constant('random' as const), fc.integer({ min: 1, max: 200 })),
    bandwidth: fc.constantFrom(20_000, 1_000_000),
    window: fc.constantFrom(1, 100, 4096, 65536),
    loss: fc.constantFrom(0, 0.05, 0.3),
    fault: fc.option(anyFault, { nil: undefined, freq: 6 }),
  },
  { requiredKeys: [] },
);

/** What a side saw. */
interface Seen {
  readonly sent: (string | Uint8Array)[];
  readonly received: (string | Uint8Array)[];
  readonly ends: CloseInfo[];
  readonly errors: unknown[];
  afterEnd: number;
}

/** Two ends over a network that is as bad as networks get. */
export const roundtrip: Target<Input> = {
  name: 'roundtrip',
  claim: 'over a hostile pipe every message arrives, equal and in order, and each side closes once',
  runs: 150,
  arbitrary: fc.record({
    client: fc.array(anyCommand, { maxLength: 12 }),
    server: fc.array(anyCommand, { maxLength: 12 }),
    link: fc.record({ toServer: anyLane, toClient: anyLane }, { requiredKeys: [] }),
    compress: fc.constantFrom('no', 'yes', 'later'),
    closer: fc.constantFrom('client', 'server', 'both'),
    seed: fc.nat(1 << 20),
  }),
  async check({ client, server, link, compress, closer, seed }) {
    const { codec } = slowly(() => network, DEFLATING);
    const network: NetworkDriver = new NetworkDriver({ seed, manual: true, codec });
    const [atClient, atServer] = [makeSeen(), makeSeen()];
    let accepted: Socket | undefined;
    const options = { compress: COMPRESS[compress], handshakeTimeout: false as const };
    const listener = await network.serve(
      { port: 80, link, ...options },
      { ...handlers(atServer), open: (socket) => void (accepted = socket) },
    );
    const socket = network.connect('ws://server/', options, handlers(atClient));
    // With a packet in three lost, and ever longer waits for the next try, even an open takes its time.
    for (
      let i = 0;
      i < 50 && (accepted === undefined || socket.state === 'connecting') && atClient.ends.length === 0;
      i++
    ) {
      await network.advance(2_000);
    }
    if (socket.state === 'open' && accepted !== undefined) {
      for (let i = 0; i < Math.max(client.length, server.length); i++) {
        for (const [side, command, seen] of [
          [socket, client[i], atClient],
          [accepted, server[i], atServer],
        ] as const) {
          if (command?.do === 'wait') await network.advance(command.milliseconds);
          else if (command !== undefined) perform(side, command, seen);
        }
      }
      if (closer !== 'server') socket.close(4000, 'client');
      if (closer !== 'client') accepted.close(4001, 'server');
      for (const side of [socket, accepted]) side.resume();
    } else {
      socket.close();
    }
    // Deadlines end what the network does not; pauses are over.
    for (
      let i = 0;
      i < 400 && (atClient.ends.length === 0 || (accepted !== undefined && atServer.ends.length === 0));
      i++
    ) {
      await network.advance(5_000);
    }
    await network.advance(60_000);
    listener.stopListening();

    for (const [name, seen] of [
      ['client', atClient],
      ['server', atServer],
    ] as const) {
      const due = name === 'client' || accepted !== undefined ? 1 : seen.ends.length;
      assert(seen.ends.length === due && due <= 1, `the ${name} closed ${seen.ends.length} times`);
      assert(seen.afterEnd === 0, `the ${name} saw ${seen.afterEnd} events after its end`);
      assertSame(seen.errors, [], `errors of the ${name}`);
    }
    await network.settle();
    assertPrefix(atClient.sent, atServer.received, 'the server');
    assertPrefix(atServer.sent, atClient.received, 'the client');
    // A clean end on both sides: a Close each way, and all that was sent before it.
    if (atClient.ends[0].clean && atServer.ends[0]?.clean === true) {
      assertSame(atServer.received.length, atClient.sent.length, 'messages lost on the way to the server');
      assertSame(atClient.received.length, atServer.sent.length, 'messages lost on the way to the client');
    }
    const hasFault = [link.toServer, link.toClient].some((lane) => lane?.fault !== undefined);
    // A window of 4 KiB at the most, and 300 ms until it opens again, are 14 kB a second.
    const isSlow = [link.toServer, link.toClient].some(
      (lane) => lane?.bandwidth === 20_000 || (lane?.loss ?? 0) > 0 || (lane?.window ?? 1e6) <= 4096,
    );
    if (!hasFault && !isSlow) {
      assert(atClient.ends[0].clean && atServer.ends[0].clean, 'not clean, over a network without faults');
    }
  },
};

function makeSeen(): Seen {
  return { sent: [], received: [], ends: [], errors: [], afterEnd: 0 };
}

function handlers(seen: Seen): Handlers {
  const note = (): void => {
    if (seen.ends.length > 0) seen.afterEnd++;
  };
  return {
    message: (_socket, data) => {
      note();
      seen.received.push(data);
    },
    ping: note,
    pong: note,
    closeFrame: note,
    close: (_socket, info) => {
      note();
      seen.ends.push(info);
    },
    error: (error) => seen.errors.push(error),
  };
}

function perform(socket: Socket, command: Exclude<Command, { do: 'wait' }>, seen: Seen): void {
  if (socket.state !== 'open') return;
  switch (command.do) {
    case 'text':
      socket.send(command.text);
      return void seen.sent.push(command.text);
    case 'bytes': {
      const bytes = Uint8Array.from({ length: command.length }, (_, i) => (command.byte + i * i) & 0xff);
      socket.send(bytes);
      return void seen.sent.push(bytes.slice());
    }
    case 'fragments':
      command.texts.forEach((text, i) => socket.sendFragment(text, i === command.texts.length - 1));
      return void seen.sent.push(command.texts.join(''));
    case 'ping':
      return void socket.ping();
    case 'pause':
      return socket.pause();
    case 'stopReading':
      return socket.stopReading();
    case 'resume':
      return socket.resume();
  }
}

function assertPrefix(sent: readonly unknown[], received: readonly unknown[], who: string): void {
  assert(received.length <= sent.length, `${who} received ${received.length} messages of ${sent.length}`);
  received.forEach((message, i) => assertSame(message, sent[i], `message ${i} that ${who} received`));
}

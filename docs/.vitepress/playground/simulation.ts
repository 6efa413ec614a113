/** Two connections over a link in memory with a clock of its own, and all that happens between them, in order. */
import {
  Connection,
  EventQueue,
  Phase,
  TransportAction,
  Resources,
  type Event,
  type TracedFrame,
  type TracedState,
} from '../../../protocol/index.ts';
import type { Wake } from '../../../drivers/clock.ts';
import type { TransportEnd } from '../../../drivers/pipe/link-end.ts';
import { Link } from '../../../drivers/pipe/link.ts';
import { SeededRandom } from '../../../drivers/pipe/random.ts';
import { VirtualClock } from '../../../drivers/pipe/virtual-clock.ts';
import { sectionOf, type Section } from './sections.ts';

export type Who = 'client' | 'server';

/** What can be done, to whom. */
export const DEEDS = {
  client: ['text', 'ping', 'pause', 'resume', 'close', 'terminate'],
  server: ['text', 'ping', 'pause', 'resume', 'close', 'terminate'],
  link: ['stall', 'unstall', 'lose', 'reset'],
} as const;

/** Something that is done at a time. */
export interface Deed {
  /** In milliseconds from the beginning. */
  readonly at: number;
  readonly who: Who | 'link';
  readonly what: string;
  /** The text of a message, or the reason of a Close frame. */
  readonly text?: string;
}

export interface Scenario {
  /** How long bytes are on their way, in milliseconds. */
  readonly latency: number;
  /** How likely a packet is lost, from 0 to under 1: it is sent again after 200 ms, as TCP does. */
  readonly loss: number;
  /** How many bytes a read brings at most; 0 for all that have come. */
  readonly cut: number;
  readonly seed: number;
  /** Whether the server sends every text back. */
  readonly echo: boolean;
  /** How often each side pings, in milliseconds, and how long it waits for a pong; 0 for never. */
  readonly pingInterval: number;
  readonly pongTimeout: number;
  readonly deeds: readonly Deed[];
}

/** One thing that happened. What was sent, and its arrival, are two of them, by one number. */
export interface Moment {
  readonly time: number;
  readonly who: Who | 'link';
  readonly kind: 'send' | 'arrive' | 'do' | 'event' | 'fault';
  readonly text: string;
  /** Of what was sent. */
  readonly packet?: number;
  readonly section?: Section;
  /** The phases that the client and the server are in afterwards. */
  readonly phases: readonly [client: Phase, server: Phase];
}

/** How long is watched, behind the last deed, and how much. */
const WATCHED = 120_000;
const MOST_MOMENTS = 200;

/** Runs a scenario to its end. The same scenario always runs alike. */
export function simulate(scenario: Scenario): Moment[] {
  const clock = new VirtualClock({ manual: true });
  const random = new SeededRandom(scenario.seed);
  const { latency, loss, cut } = scenario;
  const link = new Link({ clock, random, options: [{ latency, loss, cut: cut === 0 ? 'whole' : cut }] });
  const moments: Moment[] = [];
  const note: Note = (who, kind, text, more = {}) => {
    const phases = [
      client?.connection.phase ?? Phase.CONNECTING,
      server?.connection.phase ?? Phase.CONNECTING,
    ] as const;
    if (moments.length < MOST_MOMENTS) moments.push({ time: clock.now(), who, kind, text, phases, ...more });
  };
  const wire = new Wire(note);
  let client: Side | undefined;
  let server: Side | undefined;
  server = new Side('server', link.server, scenario, clock, random.fork(3), wire, note);
  client = new Side('client', link.client, scenario, clock, random.fork(4), wire, note);
  client.start();
  server.start();
  const sides = { client, server };
  const last = Math.max(0, ...scenario.deeds.map(({ at }) => at));
  for (const deed of scenario.deeds) {
    clock.wakeAt(deed.at, () => {
      if (deed.who !== 'link') return sides[deed.who].act(deed);
      note('link', 'do', LINK_WORDS[deed.what]);
      link[deed.what as 'stall' | 'unstall' | 'lose' | 'reset']();
    });
  }
  while (clock.now() < last + WATCHED && moments.length < MOST_MOMENTS && !(client.isOver && server.isOver)) {
    clock.advanceSync(10);
  }
  return moments;
}

const LINK_WORDS: Readonly<Record<string, string>> = {
  stall: 'nothing gets through',
  unstall: 'the way is free again',
  lose: 'the cable is cut, and nobody is told',
  reset: 'the connection is reset',
};

type Note = (who: Moment['who'], kind: Moment['kind'], text: string, more?: Partial<Moment>) => void;

/** What is on its way: a write is a packet, and arrives with the last of its bytes. */
class Wire {
  private readonly note: Note;
  private count: number;
  private readonly under: Readonly<Record<Who, { end: number; packet: number; text: string }[]>>;
  private readonly sent: Record<Who, number>;
  private readonly arrived: Record<Who, number>;

  constructor(note: Note) {
    this.note = note;
    this.count = 0;
    this.under = { client: [], server: [] };
    this.sent = { client: 0, server: 0 };
    this.arrived = { client: 0, server: 0 };
  }

  /** `length` is how many bytes it has: none where it is the end of the stream, or a reset. */
  send(from: Who, length: number, text: string): void {
    const packet = this.count++;
    this.sent[from] += length;
    this.under[from].push({ end: this.sent[from], packet, text });
    this.note(from, 'send', text, { packet });
  }

  arrive(from: Who, length: number): void {
    this.arrived[from] += length;
    const to = from === 'client' ? 'server' : 'client';
    const { under } = this;
    while (
      under[from].length > 0 &&
      under[from][0].end <= this.arrived[from] &&
      (length > 0 || isEnd(under[from][0]))
    ) {
      const { packet, text } = under[from].shift()!;
      this.note(to, 'arrive', text, { packet });
      if (length === 0) return;
      if (under[from].length > 0 && isEnd(under[from][0])) return;
    }
  }
}

const FIN = 'end of the stream (FIN)';
const RST = 'reset (RST)';

function isEnd({ text }: { text: string }): boolean {
  return text === FIN || text === RST;
}

/** One of the two, with the driver that it needs: README.md has the same in short. */
class Side {
  readonly connection: Connection;
  isOver: boolean;
  private readonly name: Who;
  private readonly end: TransportEnd;
  private readonly clock: VirtualClock;
  private readonly wire: Wire;
  private readonly note: Note;
  private readonly echo: boolean;
  private readonly events: EventQueue;
  private frames: TracedFrame[];
  private timer: Wake | undefined;
  private hasEnded: boolean;
  private isPaused: boolean;

  constructor(
    name: Who,
    end: TransportEnd,
    { pingInterval, pongTimeout, echo }: Scenario,
    clock: VirtualClock,
    random: SeededRandom,
    wire: Wire,
    note: Note,
  ) {
    this.name = name;
    this.end = end;
    this.clock = clock;
    this.wire = wire;
    this.note = note;
    this.echo = echo && name === 'server';
    this.events = new EventQueue();
    this.frames = [];
    this.timer = undefined;
    this.hasEnded = false;
    this.isPaused = false;
    this.isOver = false;
    const options = {
      now: 0,
      sink: this.events,
      resources: new Resources({ random: random.fill }),
      trace: (entry: TracedFrame | TracedState) => void ('opcode' in entry && this.frames.push(entry)),
      pingInterval: pingInterval || Infinity,
      pongTimeout: pongTimeout || Infinity,
    };
    this.connection =
      name === 'client' ? Connection.client({ url: 'ws://server.example/' }, options) : Connection.server(options);
  }

  start(): void {
    this.end.start({
      onData: (bytes) => {
        this.wire.arrive(this.name === 'client' ? 'server' : 'client', bytes.length);
        this.after(() => this.connection.receive(bytes, this.clock.now()));
      },
      onEnd: () => {
        this.wire.arrive(this.name === 'client' ? 'server' : 'client', 0);
        this.after(() => this.connection.receiveEof(this.clock.now()));
      },
      onDrain: () => {},
      onLost: (error) => {
        this.after(() => this.connection.transportLost(this.clock.now(), error));
        this.isOver = true;
      },
    });
    this.after(() => {});
  }

  /** Does what a scenario wants of this side. */
  act({ what, text = '' }: Deed): void {
    const { connection } = this;
    const now = this.clock.now();
    const argument = what === 'text' || (what === 'close' && text !== '') ? ` ${JSON.stringify(text)}` : '';
    if (connection.phase !== Phase.OPEN && what !== 'close' && what !== 'terminate') {
      return this.note(this.name, 'fault', `${what}${argument}: the connection is not open`);
    }
    this.note(this.name, 'do', what + argument);
    this.after(() => {
      if (what === 'text') connection.sendText(text);
      else if (what === 'ping') connection.ping(undefined, now);
      else if (what === 'pause') connection.pause();
      else if (what === 'resume') connection.resume(now);
      else if (what === 'close') connection.close(1000, text, now);
      else connection.terminate(now);
    });
  }

  private after(step: () => void): void {
    const { connection, end, clock } = this;
    step();
    for (const event of this.events) this.tell(event);
    this.write();
    if (connection.transportAction === TransportAction.END && !this.hasEnded) {
      this.hasEnded = true;
      this.wire.send(this.name, 0, FIN);
      end.end();
    } else if (connection.transportAction === TransportAction.ABORT && !this.isOver) {
      this.isOver = true;
      end.abort();
    }
    if (connection.wantsInput === this.isPaused) {
      this.isPaused = !connection.wantsInput;
      if (this.isPaused) end.pause();
      else end.resume();
    }
    this.timer?.cancel();
    this.timer = clock.wakeAt(connection.nextTimeout(), () =>
      this.after(() => connection.handleTimeout(clock.now(), end.bufferedAmount > 0)),
    );
  }

  private write(): void {
    const chunks = this.connection.takeOutput().map((chunk) => chunk.slice());
    const sent = this.frames.filter((frame) => frame.sent).map(label);
    this.frames = [];
    if (chunks.length === 0 || this.hasEnded || this.isOver) return;
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const opening = this.name === 'client' ? 'GET / (opening handshake)' : '101 Switching Protocols';
    this.wire.send(this.name, length, sent.length === 0 ? opening : sent.join(', '));
    this.end.write(chunks);
  }

  private tell(event: Event): void {
    const { name, note, connection } = this;
    if (event.type === 'request') connection.accept();
    else if (event.type === 'open') note(name, 'event', 'open');
    else if (event.type === 'text') {
      note(name, 'event', `text ${JSON.stringify(event.text)}`);
      if (this.echo && connection.phase === Phase.OPEN) connection.sendText(event.text);
    } else if (event.type === 'pong') note(name, 'event', `pong after ${event.roundTrip} ms`);
    else if (event.type === 'closeFrame') note(name, 'event', `close ${event.code} ${event.reason}`.trimEnd());
    else if (event.type === 'closed') {
      const { code, clean, error } = event.info;
      if (error === undefined) note(name, 'event', `closed ${code}${clean ? ', clean' : ''}`);
      else note(name, 'fault', `closed ${code}: ${error.message}`, { section: sectionOf(error) });
    }
  }
}

const OPCODES: Readonly<Record<number, string>> = {
  0: 'more',
  1: 'text',
  2: 'binary',
  8: 'Close',
  9: 'ping',
  10: 'pong',
};

function label({ opcode, length }: TracedFrame): string {
  return opcode >= 8 ? OPCODES[opcode] : `${OPCODES[opcode]} frame, ${length} B`;
}

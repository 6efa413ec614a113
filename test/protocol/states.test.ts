/** The tables of states.ts walked: every state is made, and everything that can happen is made to happen in it. */
import { describe, expect, test } from 'vitest';
import {
  acceptKey,
  Connection,
  type DeflateCodec,
  type LimitOptions,
  PreparedMessage,
  type Sink,
  type Trace,
  Resources,
} from '../../protocol/index.ts';
import { PermessageDeflate, portableText } from '../../protocol/internal.ts';
import { CALLS, FLOWS, TURN_NAMES, TURNS, type FlowName, FLOW_NAMES } from '../../protocol/flows.ts';
import {
  type Cause,
  CAUSES,
  Deadline,
  Bytes,
  Phase,
  type Role,
  ROLES,
  type StateName,
  STATE_NAMES,
  STATES,
  TransportAction,
} from '../../protocol/states.ts';
import { isAllowed, nextFlow, nextState, nextTurn, On, RoleNumber, State } from '../../protocol/transitions.ts';
import { rawHeaders, request, response } from './handshake/support.ts';
import { join } from '../support/cuts.ts';
import { BINARY, CLOSE, frame, header, KEY, TEXT } from '../support/frames.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const GET = [':method', 'GET', ':scheme', 'https', ':path', '/', ':authority', 'example.com'];
const PLAIN = 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n';

test('all that a state leads to is a state', () => {
  const ways = STATE_NAMES.flatMap((name) => Object.values(STATES[name].on));
  const names = ways.flatMap((next) => (typeof next === 'string' ? [next] : Object.values(next as object)));
  expect(names.filter((next) => next !== 'SAME' && !STATE_NAMES.includes(next as StateName))).toEqual([]);
});

/** A connection whose sink answers nothing by itself and puts every end off. */
class Subject {
  readonly role: Role;
  readonly connection: Connection;
  /** The changes of its state. */
  readonly changes: string[];
  now: number;
  /** What is being deflated off the thread. */
  readonly #jobs: (() => void)[];

  constructor(role: Role, start: 'opening' | 'open', sink: Partial<Sink> = PATIENT, limits: LimitOptions = {}) {
    this.role = role;
    this.now = 0;
    this.changes = [];
    const decodeAscii = (): never => {
      throw new Error('no memory');
    };
    this.#jobs = [];
    const resources = new Resources({ random: (bytes) => bytes.fill(1), text: { ...portableText, decodeAscii } });
    const trace: Trace = (entry) => {
      if ('cause' in entry) this.changes.push(entry.to);
    };
    const options = { now: 0, sink, resources, trace, ...limits };
    const isServer = role === 'server';
    // What is not 101 is HTTP/2's.
    const response = role === 'http2Client' ? { ...RESPONSE_HEAD, status: 200 } : undefined;
    if (start === 'open')
      this.connection = Connection.established(isServer ? 'server' : 'client', {
        ...options,
        response,
        sink: { onDeflated: () => this.connection.handleDeflated(this.now), ...sink },
        deflate: this.#deflate(isServer),
      });
    else if (role === 'server') this.connection = Connection.server({ ...options, resources: new Resources() });
    else this.connection = Connection.client({ url: 'ws://example.com/' }, { ...options, resources: plain() });
  }

  /** What has large messages deflated off the thread: when `finish` is called. */
  #deflate(isServer: boolean): PermessageDeflate {
    const deflateLater: DeflateCodec['deflateLater'] = (bytes, _, done) => {
      this.#jobs.push(() => done(bytes));
    };
    const codec: DeflateCodec = { ...CODEC, deflateLater };
    const deflate = new PermessageDeflate(isServer, { asyncAbove: 1000 }, codec);
    deflate.establish({ name: 'permessage-deflate', params: [] });
    return deflate;
  }

  /** All that is being deflated is. */
  finish(): void {
    for (const job of this.#jobs.splice(0)) job();
  }

  /** Our Close frame, behind a message that is being deflated. */
  queueClose(): void {
    this.connection.sendBinary(new Uint8Array(1000));
    this.connection.close();
  }

  /** Bytes from the peer. */
  get(bytes: Uint8Array | string): void {
    this.connection.receive(typeof bytes === 'string' ? ascii(bytes) : bytes, this.now);
  }

  /** A frame from the peer. */
  frame(opcode: number, payload: string | readonly number[] = ''): void {
    this.get(frame({ opcode, payload, key: this.role === 'server' ? KEY : undefined }));
  }

  /** Every deadline passes until one has changed the state, or there is none. */
  wait(): void {
    const { state } = this.connection;
    while (this.connection.state === state && this.connection.nextTimeout() < Infinity) {
      this.now = this.connection.nextTimeout();
      this.connection.handleTimeout(this.now);
    }
  }
}

const CODEC: DeflateCodec = {
  createDeflater: () => ({ deflate: (bytes) => bytes, reset() {}, release() {} }),
  createInflater: () => ({ inflate: (bytes) => bytes, reset() {}, release() {} }),
};
const RESPONSE_HEAD = { statusText: '', version: '2', headers: {}, rawHeaders: [] };
const PATIENT: Partial<Sink> = { onRequest: () => {}, onPlainRequest: () => {}, onEnding: () => true };
const plain = (): Resources => new Resources({ random: (bytes) => bytes.fill(1) });

/** How to get into each state: as often as there are roles that can. */
const WAYS: Readonly<Record<StateName, (role: Role) => Subject | undefined>> = {
  AWAITING_REQUEST: (role) => (role === 'server' ? new Subject(role, 'opening') : undefined),
  DECIDING: (role) => after(WAYS.AWAITING_REQUEST(role), (one) => one.get(request())),
  PLAIN_REQUEST: (role) => after(WAYS.AWAITING_REQUEST(role), (one) => one.get(PLAIN)),
  ENDED_PLAIN_REQUEST: (role) =>
    after(WAYS.AWAITING_REQUEST(role), ({ connection }) => connection.receiveFields(GET, true, 0)),
  AWAITING_RESPONSE: (role) => (role === 'client' ? new Subject(role, 'opening') : undefined),
  AWAITING_FIELDS: (role) => after(WAYS.AWAITING_RESPONSE(role), ({ connection }) => connection.useHttp2()),
  OPEN: (role) => new Subject(role, 'open'),
  CLOSE_RECEIVED: (role) => after(WAYS.OPEN(role), (one) => one.frame(CLOSE, [3, 232])),
  FAULT_FOUND: (role) => after(WAYS.OPEN(role), (one) => one.frame(3)),
  CLOSE_QUEUED: (role) => after(WAYS.OPEN(role), (one) => one.queueClose()),
  CLOSE_QUEUED_AND_RECEIVED: (role) => after(WAYS.CLOSE_RECEIVED(role), (one) => one.queueClose()),
  CLOSE_QUEUED_FAULT_FOUND: (role) => after(WAYS.FAULT_FOUND(role), (one) => one.queueClose()),
  CLOSE_SENT: (role) => after(WAYS.OPEN(role), ({ connection }) => connection.close()),
  CLOSE_SENT_AND_RECEIVED: (role) => after(WAYS.CLOSE_RECEIVED(role), ({ connection }) => connection.close()),
  CLOSE_SENT_FAULT_FOUND: (role) => after(WAYS.FAULT_FOUND(role), ({ connection }) => connection.close()),
  LAST_RESPONSE: (role) => after(WAYS.AWAITING_RESPONSE(role), ({ connection }) => connection.outputLost(0)),
  LAST_FIELDS: (role) => after(WAYS.AWAITING_FIELDS(role), ({ connection }) => connection.outputLost(0)),
  OUTPUT_LOST: (role) => after(WAYS.OPEN(role), ({ connection }) => connection.outputLost(0)),
  LAST_SECOND: (role) => after(WAYS.OUTPUT_LOST(role), (one) => one.wait()),
  UNANSWERABLE: (role) => after(WAYS.CLOSE_RECEIVED(role), ({ connection }) => connection.outputLost(0)),
  // Nothing rests in this one.
  UNANSWERED: () => undefined,
  LINGERING: (role) =>
    role === 'client' ? undefined : after(WAYS.CLOSE_RECEIVED(role), ({ connection }) => connection.conclude()),
  AWAITING_EOF: (role) =>
    role === 'client' ? after(WAYS.CLOSE_RECEIVED(role), ({ connection }) => connection.conclude()) : undefined,
  ENDING: (role) => after(WAYS.FAULT_FOUND(role), ({ connection }) => connection.conclude()),
  ANSWERED: (role) => after(WAYS.ENDED_PLAIN_REQUEST(role), ({ connection }) => connection.reject({ status: 200 })),
  CLOSED: (role) => after(WAYS.ENDING(role), ({ connection }) => connection.receiveEof(0)),
  ABORTED: (role) => after(WAYS.OPEN(role), ({ connection }) => connection.terminate()),
};

function after(subject: Subject | undefined, work: (subject: Subject) => void): Subject | undefined {
  if (subject !== undefined) work(subject);
  return subject;
}

/** Something that happens, and what it is to the machine: causes, one after the other. */
interface Deed {
  readonly causes: readonly Cause[];
  /** Whether it happens by itself, so that it is not refused where it has no meaning. */
  readonly isQuiet?: boolean;
  /** What the peer's bytes must mean for it, where it consists of them. Where they mean nothing, they change nothing. */
  readonly bytes?: Bytes;
  /** The role that it is for, if it is for one. */
  readonly role?: Role;
  readonly work: (subject: Subject) => void;
}

const HEAD = { method: 'GET', target: '/chat', version: '1.1', rawHeaders: rawHeaders() };
const CONNECT = [
  ...[':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'https', ':path', '/chat'],
  ...[':authority', 'example.com', 'sec-websocket-version', '13'],
];

const DEEDS: Readonly<Record<string, Deed>> = {
  'receiveHead, of a valid request': {
    causes: ['receiveHead', 'request'],
    role: 'server',
    work: ({ connection }) => connection.receiveHead(HEAD, 0),
  },
  'receiveFields, of a valid request': {
    causes: ['receiveFields', 'request'],
    role: 'server',
    work: ({ connection }) => connection.receiveFields(CONNECT, false, 0),
  },
  'receiveFields, of a request that has ended': {
    causes: ['receiveFields', 'endedPlainRequest'],
    role: 'server',
    work: ({ connection }) => connection.receiveFields(GET, true, 0),
  },
  'receiveFields, of a 200': {
    causes: ['receiveFields', 'response'],
    role: 'client',
    work: ({ connection }) => connection.receiveFields([':status', '200'], false, 0),
  },
  'receiveFields, of a refusal': {
    causes: ['receiveFields', 'badResponse'],
    role: 'client',
    work: ({ connection }) => connection.receiveFields([':status', '403'], true, 0),
  },
  useHttp2: { causes: ['useHttp2'], work: ({ connection }) => connection.useHttp2() },
  accept: { causes: ['accept'], work: ({ connection }) => connection.accept() },
  reject: { causes: ['reject'], work: ({ connection }) => connection.reject({ status: 403 }) },
  sendText: { causes: ['send'], work: ({ connection }) => connection.sendText('a') },
  sendBinary: { causes: ['send'], work: ({ connection }) => connection.sendBinary(new Uint8Array(1)) },
  sendFragment: { causes: ['send'], work: ({ connection }) => connection.sendFragment('a', false) },
  sendPrepared: { causes: ['send'], work: ({ connection }) => connection.sendPrepared(new PreparedMessage('a')) },
  ping: { causes: ['send'], work: ({ connection }) => void connection.ping() },
  pong: { causes: ['send'], work: ({ connection }) => connection.pong() },
  close: { causes: ['close'], work: ({ connection }) => connection.close() },
  'close behind a message that is being deflated': {
    causes: ['send', 'queueClose'],
    work: (one) => one.queueClose(),
  },
  'the turn of what waits': { causes: ['sendClose'], isQuiet: true, work: (one) => one.finish() },
  conclude: {
    causes: ['conclude'],
    work(one) {
      one.connection.conclude();
      // Where it waits for what was sent before.
      if (STATES[one.connection.state].on.conclude !== 'SAME') one.finish();
    },
  },
  terminate: { causes: ['terminate'], work: ({ connection }) => connection.terminate() },
  'the end of the stream': { causes: ['conclude', 'eof'], work: ({ connection }) => connection.receiveEof(0) },
  'the loss of output': { causes: ['outputLost'], work: ({ connection }) => connection.outputLost(0) },
  'the loss of the transport': { causes: ['conclude', 'lost'], work: ({ connection }) => connection.transportLost(0) },
  'the deadline': { causes: ['timeout'], work: (one) => one.wait() },
  'a valid request': {
    causes: ['request'],
    bytes: Bytes.HANDSHAKE,
    role: 'server',
    work: (one) => one.get(request()),
  },
  'a request for something else': {
    causes: ['plainRequest'],
    bytes: Bytes.HANDSHAKE,
    role: 'server',
    work: (one) => one.get(PLAIN),
  },
  'a request that is none': {
    causes: ['refuse'],
    bytes: Bytes.HANDSHAKE,
    role: 'server',
    work: (one) => one.get('?\r\n\r\n'),
  },
  'a response that is none': {
    causes: ['badResponse'],
    bytes: Bytes.HANDSHAKE,
    role: 'client',
    work: (one) => one.get('?\r\n\r\n'),
  },
  'more frames than are kept before the answer': {
    causes: ['refuse'],
    bytes: Bytes.EARLY,
    work: (one) => one.get(new Uint8Array(64 * 1024 + 1)),
  },
  'a Close frame': { causes: ['closeFrame'], bytes: Bytes.FRAMES, work: (one) => one.frame(CLOSE) },
  'a fault': { causes: ['fault'], bytes: Bytes.FRAMES, work: (one) => one.frame(3) },
  'a message': { causes: [], bytes: Bytes.FRAMES, work: (one) => one.frame(BINARY) },
  'something of ours that breaks': { causes: ['failure'], bytes: Bytes.FRAMES, work: (one) => one.frame(TEXT, 'a') },
  'more than is kept, paused or not': {
    causes: ['flood'],
    bytes: Bytes.FRAMES,
    work(one) {
      one.connection.pause();
      const length = 1024 * 1024;
      const key = one.role === 'server' ? [0, 0, 0, 0] : undefined;
      for (let i = 0; i < 10; i++) one.get(join(header({ opcode: BINARY, length, key }), new Uint8Array(length)));
    },
  },
  'more than is dropped at the end': {
    causes: ['flood'],
    bytes: Bytes.NOTHING,
    work: (one) => one.get(HUGE),
  },
};

const HUGE = new Uint8Array(64 * 1024 * 1024 + 1);

/** What the table makes of a deed: a state, or undefined where it must throw. */
function expected(role: Role, from: StateName, { causes, bytes, isQuiet }: Deed): StateName | undefined {
  if (bytes !== undefined && STATES[from].bytes !== bytes) return from;
  // Without a deadline, none passes.
  if (causes[0] === 'timeout' && STATES[from].deadline === Deadline.NONE) return from;
  let state: number = State[from];
  for (const [i, cause] of causes.entries()) {
    if (!isAllowed(RoleNumber[role], state, On[cause])) {
      return i === 0 && bytes === undefined && isQuiet !== true ? undefined : from;
    }
    state = nextState(RoleNumber[role], state, On[cause]);
  }
  // Where messages have ended and nothing more is to be sent, nothing is put off.
  const isEnd = causes[0] === 'closeFrame' || causes[0] === 'fault';
  const isSending = isAllowed(RoleNumber[role], state, On.sendClose);
  if (isEnd && !isSending && STATES[STATE_NAMES[state]].phase !== Phase.OPEN)
    state = nextState(RoleNumber[role], state, On.conclude);
  if (state === State.UNANSWERED) state = nextState(RoleNumber[role], state, On.lost);
  return STATE_NAMES[state];
}

describe.each(STATE_NAMES.filter((name) => name !== 'UNANSWERED'))('in %s', (name) => {
  for (const role of ROLES) {
    if (WAYS[name](role) === undefined) continue;

    test(`a ${role} is what the table says`, () => {
      const { connection } = WAYS[name](role)!;
      const row = STATES[name];
      expect(connection.state).toBe(name);
      expect(connection.phase).toBe(row.phase);
      expect(connection.transportAction).toBe(row.action);
      expect(connection.nextTimeout() < Infinity).toBe(row.deadline !== Deadline.NONE);
      connection.pause();
      expect(connection.wantsInput).toBe(row.bytes === Bytes.NOTHING || name === 'LAST_SECOND');
    });

    const deeds = Object.entries(DEEDS).filter(([, deed]) => {
      const has = STATES[name].bytes;
      const isPossible = deed.bytes === undefined || deed.bytes === has || has === Bytes.NOTHING;
      return isPossible && (deed.role ?? role) === role.replace('http2C', 'c');
    });
    test.each(deeds)(`a ${role} does what the table says: %s`, (_, deed) => {
      const subject = WAYS[name](role)!;
      const { connection } = subject;
      const before = [...subject.changes];
      connection.takeOutput();
      const to = expected(role, name, deed);
      if (to === undefined) {
        expect(() => deed.work(subject)).toThrow(expect.objectContaining({ name: 'InvalidStateError' }));
        expect(connection.takeOutput()).toEqual([]);
      } else {
        deed.work(subject);
      }
      expect(connection.state).toBe(to ?? name);
      if ((to ?? name) === name) expect(subject.changes).toEqual(before);
      else expect(subject.changes.at(-1)).toBe(to);
      expect(connection.closeInfo !== undefined).toBe(connection.phase === Phase.CLOSED);
    });
  }
});

test('a client that awaits its response is opened by a 101', () => {
  const subject = new Subject('client', 'opening');
  const sent = new TextDecoder().decode(subject.connection.takeOutput()[0]);
  const key = /^Sec-WebSocket-Key: (.*)$/m.exec(sent)![1].trim();
  subject.get(response({ 'Sec-WebSocket-Accept': acceptKey(key) }));
  expect(subject.connection.state).toBe('OPEN');
});

describe('the table of states', () => {
  const steps = (role: number, from: number): [number, number][] =>
    CAUSES.flatMap((_, cause) => (isAllowed(role, from, cause) ? [[cause, nextState(role, from, cause)]] : []));

  /** The states that a role reaches from these. */
  function reached(role: number, ...from: number[]): Set<number> {
    const seen = new Set(from);
    for (const state of seen) for (const [, to] of steps(role, state)) seen.add(to);
    return seen;
  }

  test('every state is reached by a role, and made by this test for just those that reach it', () => {
    const all = {
      server: reached(RoleNumber.server, State.AWAITING_REQUEST),
      client: reached(RoleNumber.client, State.AWAITING_RESPONSE),
      http2Client: reached(RoleNumber.http2Client, State.OPEN),
    };
    expect(new Set([...all.server, ...all.client, ...all.http2Client]).size).toBe(STATE_NAMES.length);
    for (const role of ROLES) {
      const made = STATE_NAMES.filter((name) => WAYS[name](role) !== undefined);
      const resting = [...all[role]].filter((state) => state !== State.UNANSWERED);
      expect(made).toEqual(resting.sort((a, b) => a - b).map((state) => STATE_NAMES[state]));
    }
  });

  test('every cause is one somewhere, and the deeds of this test are all of them', () => {
    const used = new Set(STATE_NAMES.flatMap((name) => Object.keys(STATES[name].on)));
    expect([...used].sort()).toEqual([...CAUSES].sort());
    expect([...new Set(Object.values(DEEDS).flatMap(({ causes }) => causes))].sort()).toEqual([...CAUSES].sort());
  });

  test.each(ROLES)('phases never go back, and every state leads to the end: %s', (name) => {
    const role = RoleNumber[name];
    const starts = { server: State.AWAITING_REQUEST, client: State.AWAITING_RESPONSE, http2Client: State.OPEN };
    for (const from of reached(role, starts[name])) {
      for (const [, to] of steps(role, from)) {
        expect(STATES[STATE_NAMES[to]].phase).toBeGreaterThanOrEqual(STATES[STATE_NAMES[from]].phase);
      }
      const ends = reached(role, from);
      expect(ends.has(State.ABORTED) || from === State.CLOSED).toBe(true);
    }
    expect([...reached(role, State.CLOSED)]).toEqual([State.CLOSED]);
    expect([...reached(role, State.ABORTED)]).toEqual([State.ABORTED]);
  });

  test('messages may be sent just where the phase is OPEN', () => {
    for (const name of STATE_NAMES) expect('send' in STATES[name].on, name).toBe(STATES[name].phase === Phase.OPEN);
  });

  test('only an end without a timer is an end, and only what has ended says so to the transport', () => {
    for (const name of STATE_NAMES) {
      const { phase, deadline, action } = STATES[name];
      expect(deadline === Deadline.NONE, name).toBe(phase === Phase.CLOSED);
      if (phase < Phase.CLOSING) expect(action, name).toBe(TransportAction.KEEP);
      if (phase === Phase.CLOSED) expect(action, name).not.toBe(TransportAction.KEEP);
    }
  });

  test('a cause that has no entry is a bug', () => {
    expect(() => nextState(RoleNumber.server, State.OPEN, On.response)).toThrow('response in the state OPEN');
    expect(() => nextState(RoleNumber.server, State.OPEN, On.response)).not.toThrow(TypeError);
  });
});

describe('the table of turns', () => {
  test.each(TURN_NAMES)('%s', (name) => {
    let count = 0;
    const one = new Subject('server', 'open', { onBinary: () => count++ }, { turnBudget: 1 });
    if (name === 'WAITING') one.frame(BINARY, 'x');
    count = 0;
    one.frame(BINARY, 'x');
    expect(count).toBe(name === 'WORKING' ? 1 : 0);
    expect(one.connection.wantsTurn).toBe(TURNS[name].spent === 'WAITING');
    one.connection.handleTimeout(0);
    expect(count).toBe(1);
    expect(TURNS[name].turn).toBe('WORKING');
    for (const cause of ['spent', 'turn'] as const) {
      expect(TURN_NAMES[nextTurn(TURN_NAMES.indexOf(name), cause)]).toBe(TURNS[name][cause]);
    }
  });
});

describe('the table of flows', () => {
  const text = (one: Subject): void => one.frame(BINARY, 'x');

  test.each(FLOW_NAMES)('%s', (name) => {
    let count = 0;
    const make = (): Subject => {
      count = 0;
      const one = new Subject('server', 'open', { onBinary: () => count++ });
      if (name === 'PAUSED') one.connection.pause();
      if (name === 'STOPPED') one.connection.stopReading();
      return one;
    };
    const flows = (flow: FlowName): boolean => flow !== 'PAUSED';

    if (name !== 'DRAINING') {
      const paused = make();
      paused.connection.pause();
      text(paused);
      expect(count > 0).toBe(flows(FLOWS[name].pause));

      const stopped = make();
      stopped.connection.stopReading();
      text(stopped);
      expect(count > 0).toBe(flows(FLOWS[name].stopReading));
      expect(stopped.connection.wantsInput).toBe(false);

      const resumed = make();
      resumed.connection.resume();
      expect(resumed.connection.wantsInput).toBe(true);
      text(resumed);
      expect(count > 0).toBe(flows(FLOWS[name].resume));
    }
    const ended = make();
    text(ended);
    ended.connection.receiveEof(0);
    expect(count > 0).toBe(flows(FLOWS[name].inputEnds));
    for (const cause of ['pause', 'stopReading', 'resume', 'inputEnds'] as const) {
      expect(FLOW_NAMES[nextFlow(FLOW_NAMES.indexOf(name), cause)]).toBe(FLOWS[name][cause]);
    }
  });
});

describe('the table of calls', () => {
  const entering: Record<string, (connection: Connection) => void> = {
    receive: (connection) => connection.receive(new Uint8Array(1), 0),
    receiveEof: (connection) => connection.receiveEof(0),
    transportLost: (connection) => connection.transportLost(0),
    handleTimeout: (connection) => connection.handleTimeout(0),
    conclude: (connection) => connection.conclude(),
  };

  test.each(Object.entries(entering))('%s is not made inside of a call', (_, call) => {
    const thrown: unknown[] = [];
    const subject: Subject = new Subject('server', 'open', {
      onBinary() {
        try {
          call(subject.connection);
        } catch (error) {
          thrown.push(error);
        }
      },
    });
    subject.frame(BINARY);
    expect('enter' in CALLS.INSIDE).toBe(false);
    expect(thrown).toEqual([expect.objectContaining({ name: 'InvalidStateError' })]);
    expect(subject.connection.state).toBe('OPEN');
  });

  const others: Record<string, (connection: Connection) => unknown> = {
    sendText: (connection) => connection.sendText('a'),
    ping: (connection) => connection.ping(),
    pong: (connection) => connection.pong(),
    close: (connection) => connection.close(),
    terminate: (connection) => connection.terminate(),
    pause: (connection) => connection.pause(),
    resume: (connection) => connection.resume(),
    streamNext: (connection) => connection.streamNext(),
  };

  test.each(Object.entries(others))('%s is', (_, call) => {
    let called = 0;
    const subject: Subject = new Subject('server', 'open', {
      onBinary() {
        call(subject.connection);
        called++;
      },
    });
    subject.frame(BINARY);
    expect(called).toBe(1);
    expect('leave' in CALLS.INSIDE).toBe(true);
  });
});

import * as fc from 'fast-check';
import { Connection, Phase, TransportAction } from '../../protocol/index.ts';
import { frame, KEY } from '../../test/support/frames.ts';
import { expectMisuse, Subject, type Role } from '../support/subject.ts';
import { assert, type Target } from '../support/target.ts';
import { anyRole } from '../support/wire.ts';

const STEPS = [
  'open',
  'refuse',
  'message',
  'peer closes',
  'fault',
  'send',
  'close',
  'terminate',
  'eof',
  'lost',
  'timeout',
] as const;
type Step = (typeof STEPS)[number];

interface Input {
  readonly role: Role;
  readonly steps: readonly Step[];
}

/** The model: a phase, whether the peer's Close or fault has ended the input, and whether a ping waits for its pong. */
interface Model {
  readonly role: Role;
  phase: Phase;
  over: boolean;
  pinged: boolean;
}

/** RFC 6455 §4 and §7 in ten lines: the phase after each step; undefined for one that changes nothing. */
function next({ role, phase, over, pinged }: Model, step: Step): Phase | undefined {
  const isOver = over || phase === Phase.CLOSED;
  if (phase === Phase.CLOSED) return undefined;
  if (step === 'terminate' || step === 'eof' || step === 'lost') return Phase.CLOSED;
  if (step === 'timeout') return phase === Phase.OPEN && !pinged ? undefined : Phase.CLOSED;
  if (step === 'open') return phase === Phase.CONNECTING && !over ? Phase.OPEN : undefined;
  if (step === 'refuse')
    return phase !== Phase.CONNECTING || over ? undefined : role === 'server' ? Phase.CLOSING : Phase.CLOSED;
  if (step === 'close') return phase === Phase.CONNECTING ? Phase.CLOSED : Phase.CLOSING;
  if (step === 'peer closes' || step === 'fault')
    return phase !== Phase.CONNECTING && !isOver ? Phase.CLOSING : undefined;
  return undefined;
}

/** Steps of opening and closing, in any order, lead where the model says. */
export const model: Target<Input> = {
  name: 'model',
  claim: 'opening and closing go where a ten-line model goes',
  runs: 2000,
  arbitrary: fc.record({
    role: anyRole,
    steps: fc.array(
      fc.oneof(
        { weight: 2, arbitrary: fc.constantFrom<Step>('open', 'message', 'send', 'close', 'peer closes') },
        fc.constantFrom(...STEPS),
      ),
      { maxLength: 12 },
    ),
  }),
  check({ role, steps }) {
    const setup = () => ({
      model: { role, phase: Phase.CONNECTING, over: false, pinged: false } as Model,
      real: makeSubject(role),
    });
    const commands = steps.map((step) => new StepCommand(step));
    let subject: Subject | undefined;
    fc.modelRun(() => {
      const both = setup();
      subject = both.real;
      return both;
    }, commands);
    subject!.finish();
  },
};

class StepCommand implements fc.Command<Model, Subject> {
  readonly step: Step;

  constructor(step: Step) {
    this.step = step;
  }

  /** What a peer sends makes sense to it at that time, and time passes only while something is due. */
  check({ phase, over }: Readonly<Model>): boolean {
    if (this.step === 'open' || this.step === 'refuse') return phase === Phase.CONNECTING && !over;
    if (['message', 'peer closes', 'fault'].includes(this.step)) return phase !== Phase.CONNECTING || over;
    return true;
  }

  run(model: Model, subject: Subject): void {
    const { connection } = subject;
    const { phase, over } = model;
    const after = next(model, this.step);
    const before = subject.events.length;
    perform(subject, this.step, phase);
    subject.collect();
    model.phase = after ?? phase;
    if (this.step === 'timeout') model.pinged = phase === Phase.OPEN;
    if (this.step === 'message') model.pinged = false;
    if (this.step === 'peer closes' || this.step === 'fault' || this.step === 'refuse') model.over = true;
    assert(
      connection.phase === model.phase,
      `${this.step} leads from ${phase} to ${connection.phase}, not ${model.phase}`,
    );
    const isNew = model.phase === Phase.CLOSED && phase !== Phase.CLOSED;
    const last = subject.events.at(-1);
    assert((subject.events.length > before && last?.type === 'closed') === isNew, `${this.step}: the last event`);
    assert((connection.nextTimeout() === Infinity) === (model.phase === Phase.CLOSED), `${this.step}: the timer`);
    assert(
      (connection.transportAction === TransportAction.ABORT) <= (model.phase === Phase.CLOSED),
      'ABORT before the end',
    );
    const delivered = this.step === 'message' && phase !== Phase.CONNECTING && phase !== Phase.CLOSED && !over;
    assert((subject.events.length > before && last?.type === 'text') === delivered, `${this.step}: the message`);
  }

  toString(): string {
    return this.step;
  }
}

function makeSubject(role: Role): Subject {
  const subject = new Subject(role, { within: accept }, (all) =>
    role === 'client' ? Connection.client({ url: 'ws://server/' }, all) : Connection.server(all),
  );
  subject.collect();
  return subject;
}

function accept({ connection }: Subject, method: string): void {
  if (method === 'onRequest') connection.accept();
}

const REQUEST = [
  'GET / HTTP/1.1',
  'Host: server',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==',
  'Sec-WebSocket-Version: 13',
];
/** The answer to the key that `countingRandom` makes, which is the one above. */
const RESPONSE = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Accept: C/0nmHhBztSRGR1CwL6Tf4ZjwpY=',
];

function head(lines: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
}

function perform(subject: Subject, step: Step, phase: Phase): void {
  const { connection, role } = subject;
  const key = role === 'server' ? KEY : undefined;
  switch (step) {
    case 'open':
      return subject.receive(head(role === 'server' ? REQUEST : RESPONSE));
    case 'refuse':
      return subject.receive(head(role === 'server' ? ['GET / HTTP/1.1'] : ['HTTP/1.1 403 No', 'Content-Length: 0']));
    case 'message':
      return subject.receive(frame({ opcode: 1, payload: 'hello', key }));
    case 'peer closes':
      return subject.receive(frame({ opcode: 8, payload: [3, 232], key }));
    case 'fault':
      return subject.receive(frame({ opcode: 3, key }));
    case 'send':
      return phase === Phase.OPEN ? connection.sendText('hello') : expectMisuse(() => connection.sendText('hello'));
    case 'close':
      return connection.close(1000, '', subject.now);
    case 'terminate':
      return connection.terminate(subject.now);
    case 'eof':
      return connection.receiveEof(subject.now);
    case 'lost':
      return connection.transportLost(subject.now);
    case 'timeout':
      if (connection.nextTimeout() < Infinity) subject.now = connection.nextTimeout();
      return connection.handleTimeout(subject.now);
  }
}

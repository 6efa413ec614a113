import type { Case, Exchange, Reply, RoundTrips, Seen, Step } from './case.ts';
import { cut } from './case.ts';
import type { Endpoint } from './endpoint.ts';
import { BINARY, TEXT } from './frames.ts';
import { sameBytes, sameSeen } from './verdict.ts';
import type { Finding } from './verdict.ts';
import type { WireLog } from './wire-log.ts';

/** A case in progress, on an open connection. */
export interface Play {
  readonly seen: readonly Seen[];
  /** What was found on the way; undefined where what was seen is compared at the end. */
  readonly finding: Finding | undefined;
  start(): void;
  onMessage(payload: Uint8Array, binary: boolean): void;
  onPong(payload: Uint8Array): void;
}

export function play(test: Case, endpoint: Endpoint, log: WireLog): Play {
  const { conduct } = test;
  if (conduct.kind === 'exchange') return new ExchangePlay(test, conduct, endpoint, log);
  if (conduct.kind === 'reply') return new ReplyPlay(conduct, endpoint, log);
  return new RoundTripsPlay(conduct, test.deflate !== undefined, endpoint, log);
}

class ExchangePlay implements Play {
  readonly seen: Seen[];
  readonly finding: undefined;
  private readonly test: Case;
  private readonly conduct: Exchange;
  private readonly endpoint: Endpoint;
  private readonly log: WireLog;

  constructor(test: Case, conduct: Exchange, endpoint: Endpoint, log: WireLog) {
    this.seen = [];
    this.finding = undefined;
    this.test = test;
    this.conduct = conduct;
    this.endpoint = endpoint;
    this.log = log;
  }

  start(): void {
    this.take(this.conduct.steps(), 0);
  }

  onMessage(payload: Uint8Array, binary: boolean): void {
    this.saw({ type: 'message', payload, binary });
  }

  onPong(payload: Uint8Array): void {
    this.saw({ type: 'pong', payload });
  }

  private saw(seen: Seen): void {
    this.seen.push(seen);
    const { conduct } = this;
    const { byMe, codes } = this.test.closing;
    // Where there are two ways to pass, the steps decide when it is over.
    if (!byMe || conduct.leavesClosing === true || conduct.nonStrict !== undefined) return;
    if (sameSeen(this.seen, conduct.ok)) this.endpoint.sendClose(Uint8Array.of(codes[0]! >> 8, codes[0]! & 0xff));
  }

  /** Takes the steps from the given one on, up to the next wait. */
  private take(steps: readonly Step[], from: number): void {
    const { endpoint, log } = this;
    for (let i = from; i < steps.length; i++) {
      const step = steps[i]!;
      if (step.do === 'wait') {
        log.note(['CT', step.seconds, step.tag ?? null]);
        endpoint.later(step.seconds, () => this.waited(step.tag, steps, i + 1));
        return;
      }
      if (step.do === 'frame') endpoint.sendFrame(step.opcode, step.fin, step.rsv, step.payload, step.sending);
      else if (step.do === 'head') endpoint.sendHead(step.opcode, step.fin, step.length);
      else if (step.do === 'part') endpoint.sendPart(step.payload);
      else if (step.do === 'message') endpoint.sendMessage(step.opcode, step.payload, step.fragment);
      else if (step.do === 'close') endpoint.sendClose(step.body);
      else if (step.do === 'close-after') closeAfter(endpoint, log, step.seconds);
      else failAfter(endpoint, log, step.seconds);
    }
  }

  private waited(tag: string | undefined, steps: readonly Step[], next: number): void {
    this.log.note(['CTE', tag ?? null]);
    if (tag !== undefined) {
      if (!this.endpoint.open) return;
      this.seen.push({ type: 'timeout', tag });
    }
    this.take(steps, next);
  }
}

class ReplyPlay implements Play {
  readonly seen: readonly Seen[];
  finding: Finding;
  private readonly conduct: Reply;
  private readonly endpoint: Endpoint;
  private readonly log: WireLog;
  private sent: Uint8Array;
  private decided: boolean;

  constructor(conduct: Reply, endpoint: Endpoint, log: WireLog) {
    this.seen = [];
    this.finding = failed(`No message came back within ${conduct.seconds} seconds.`);
    this.conduct = conduct;
    this.endpoint = endpoint;
    this.log = log;
    this.sent = new Uint8Array(0);
    this.decided = false;
  }

  start(): void {
    const { binary, payload, fragment = 0, chop = 0, seconds } = this.conduct;
    this.log.enabled = false;
    this.sent = payload();
    for (const { start, end, first, last } of cut(this.sent.length, fragment)) {
      const opcode = !first ? 0 : binary ? BINARY : TEXT;
      this.endpoint.sendFrame(opcode, last, 0, this.sent.subarray(start, end), { chop, alone: false });
    }
    closeAfter(this.endpoint, this.log, seconds);
  }

  onMessage(payload: Uint8Array, binary: boolean): void {
    if (this.decided) return;
    this.decided = true;
    this.finding = compareEcho(this.sent, this.conduct.binary, payload, binary);
    this.log.enabled = true;
    this.endpoint.sendClose(CLOSE_NORMAL);
  }

  onPong(): void {}
}

class RoundTripsPlay implements Play {
  readonly seen: readonly Seen[];
  finding: Finding;
  private readonly conduct: RoundTrips;
  private readonly compressed: boolean;
  private readonly endpoint: Endpoint;
  private readonly log: WireLog;
  private readonly nextPayload: () => Uint8Array;
  private sent: Uint8Array;
  private count: number;
  private decided: boolean;

  constructor(conduct: RoundTrips, compressed: boolean, endpoint: Endpoint, log: WireLog) {
    this.seen = [];
    this.finding = failed(`The case did not end within ${conduct.seconds} seconds.`);
    this.conduct = conduct;
    this.compressed = compressed;
    this.endpoint = endpoint;
    this.log = log;
    this.nextPayload = conduct.payloads();
    this.sent = new Uint8Array(0);
    this.count = 0;
    this.decided = false;
  }

  start(): void {
    this.log.enabled = false;
    if (this.compressed && !this.endpoint.compresses) {
      this.decide({ behavior: 'UNIMPLEMENTED', result: 'The peer did not negotiate permessage-deflate.' });
      return;
    }
    closeAfter(this.endpoint, this.log, this.conduct.seconds);
    this.send();
  }

  onMessage(payload: Uint8Array, binary: boolean): void {
    if (this.decided) return;
    const finding = compareEcho(this.sent, this.conduct.binary, payload, binary);
    if (finding.behavior !== 'OK') this.decide(finding);
    else if (this.count < this.conduct.count) this.send();
    else this.decide({ behavior: 'OK', result: 'Every message came back.' });
  }

  onPong(): void {}

  private send(): void {
    this.count++;
    this.sent = this.nextPayload();
    this.endpoint.sendMessage(this.conduct.binary ? BINARY : TEXT, this.sent, this.conduct.fragment);
  }

  private decide(finding: Finding): void {
    this.decided = true;
    this.finding = finding;
    this.log.enabled = true;
    this.endpoint.sendClose(CLOSE_NORMAL);
  }
}

const CLOSE_NORMAL = Uint8Array.of(1000 >> 8, 1000 & 0xff);

function closeAfter(endpoint: Endpoint, log: WireLog, seconds: number): void {
  log.note(['TI', seconds]);
  endpoint.deadline(seconds, () => {
    log.note(['TIE']);
    endpoint.sendClose(new Uint8Array(0));
  });
}

function failAfter(endpoint: Endpoint, log: WireLog, seconds: number): void {
  log.note(['KL', seconds]);
  endpoint.deadline(seconds, () => {
    log.note(['KLE']);
    endpoint.fail(1001, 'the case did not end in time');
  });
}

/**
 * Whether a message came back as it went. The official suite looks at nothing but type and length in 9.*; here the
 * octets must be the same as well.
 */
function compareEcho(sent: Uint8Array, sentBinary: boolean, payload: Uint8Array, binary: boolean): Finding {
  const kind = binary ? 'binary' : 'text';
  if (binary !== sentBinary) return failed(`A ${kind} message came back for a ${binary ? 'text' : 'binary'} message.`);
  if (payload.length !== sent.length) {
    return failed(`A message of ${payload.length} octets came back for one of ${sent.length}.`);
  }
  if (!sameBytes(payload, sent)) return failed('A message came back with other octets than it had.');
  return { behavior: 'OK', result: `The ${kind} message of ${payload.length} octets came back.` };
}

function failed(result: string): Finding {
  return { behavior: 'FAILED', result };
}

import type { Case, Seen } from './case.ts';
import { play } from './conduct.ts';
import type { Play } from './conduct.ts';
import { Deflate, accept, confirm, formatOffers } from './deflate.ts';
import { Endpoint } from './endpoint.ts';
import type { ClosingFacts, EndpointHandler, Role } from './endpoint.ts';
import { joinBytes } from './frames.ts';
import {
  clientRequest,
  faultOfRequest,
  faultOfResponse,
  parseExtensions,
  serverResponse,
  takeHead,
} from './handshake.ts';
import type { Head } from './handshake.ts';
import type { Traffic } from './traffic.ts';
import { judge } from './verdict.ts';
import type { Verdict } from './verdict.ts';
import { WireLog } from './wire-log.ts';
import type { Timing, Wire, WireHandler } from './wire.ts';

/** How long the opening handshake may take. */
const OPEN_TIMEOUT = 5000;

const NO_FACTS: ClosingFacts = {
  closedByMe: false,
  failedByMe: false,
  droppedByMe: false,
  wasClean: false,
  wasNotCleanReason: 'the opening handshake was never completed',
  wasServerConnectionDropTimeout: false,
  wasCloseHandshakeTimeout: false,
  localCloseCode: null,
  localCloseReason: null,
  remoteCloseCode: null,
  remoteCloseReason: null,
};

/** A case that was run once, with everything that a report shows of it. */
export interface Outcome extends Verdict {
  readonly test: Case;
  /** The suite's own role. */
  readonly role: Role;
  readonly seen: readonly Seen[];
  readonly facts: ClosingFacts;
  readonly log: WireLog;
  readonly traffic: Traffic | undefined;
  readonly request: string;
  readonly response: string;
  readonly openTimedOut: boolean;
  /** The value of the peer's Server field, where the peer is a server that says it. */
  readonly server: string | undefined;
  /** When it started, in ISO 8601, and how long it took from the open connection on, in milliseconds. */
  readonly started: string;
  readonly duration: number;
}

export interface RunOptions {
  readonly role: Role;
  readonly timing: Timing;
  /** What deadlines are multiplied by, for a machine that is slow or busy. Waits that are part of a case stay. Default 1. */
  readonly patience?: number;
  /** As a client: where to. */
  readonly host?: string;
  readonly resource?: string;
  /** Called once, when the case is over. */
  readonly done: (outcome: Outcome) => void;
}

/** One case on one connection: the opening handshake, the conduct, the verdict. */
export class CaseRun implements WireHandler, EndpointHandler {
  private readonly test: Case;
  private readonly options: RunOptions;
  private readonly log: WireLog;
  private readonly started: string;
  private wire: Wire | undefined;
  private endpoint: Endpoint | undefined;
  private pending: Uint8Array;
  private key: string;
  private request: string;
  private response: string;
  private server: string | undefined;
  private fault: string | undefined;
  private play: Play | undefined;
  private openTimedOut: boolean;
  private stopOpenTimer: () => void;
  private openedAt: number;
  constructor(test: Case, options: RunOptions) {
    this.test = test;
    this.options = options;
    this.log = new WireLog();
    this.started = new Date().toISOString();
    this.wire = undefined;
    this.endpoint = undefined;
    this.pending = new Uint8Array(0);
    this.key = '';
    this.request = '';
    this.response = '';
    this.server = undefined;
    this.fault = undefined;
    this.play = undefined;
    this.openTimedOut = false;
    this.stopOpenTimer = () => {};
    this.openedAt = 0;
  }

  /** The wire stands: a client asks, a server waits to be asked. */
  start(wire: Wire): void {
    this.wire = wire;
    this.stopOpenTimer = this.options.timing.after(OPEN_TIMEOUT * (this.options.patience ?? 1), () => {
      this.openTimedOut = true;
      this.giveUp('it took too long');
    });
    if (this.options.role === 'server') return;
    const { host = '', resource = '/' } = this.options;
    const extensions = formatOffers(this.test.deflate?.offers ?? []);
    const { text, key } = clientRequest(host, resource, extensions);
    this.key = key;
    this.request = text;
    this.write(text);
  }

  /** Server: the request was read already, to learn which case it asks for. */
  answer(head: Head): void {
    this.log.received(Buffer.from(head.text, 'latin1'));
    this.onHead(head);
  }

  onBytes(bytes: Uint8Array): void {
    if (this.endpoint !== undefined) {
      this.endpoint.receive(bytes);
      return;
    }
    if (this.fault !== undefined) return;
    this.log.received(bytes);
    this.pending = joinBytes([this.pending, bytes]);
    try {
      const head = takeHead(this.pending);
      if (head !== undefined) this.onHead(head);
    } catch (error) {
      this.giveUp((error as Error).message);
    }
  }

  onGone(): void {
    this.stopOpenTimer();
    this.endpoint?.gone();
    const { role, timing, done } = this.options;
    const facts = this.endpoint?.facts ?? NO_FACTS;
    const opened = this.endpoint !== undefined;
    const { test, log, fault, play } = this;
    const seen = play?.seen ?? [];
    const finding = play?.finding;
    // As in the official suite: traffic is of interest where messages are compressed and all came back.
    const traffic = test.deflate !== undefined && finding?.behavior === 'OK' ? this.endpoint!.traffic : undefined;
    const verdict = judge(test, role, { opened, fault, finding, seen, framesSent: log.framesSent, facts });
    const duration = opened ? Math.round(timing.now() - this.openedAt) : 0;
    const { request, response, openTimedOut, server, started } = this;
    done({
      ...verdict,
      ...{ test, role, seen, facts, log, traffic, request, response, openTimedOut, server, started, duration },
    });
  }

  onMessage(payload: Uint8Array, binary: boolean): void {
    this.play!.onMessage(payload, binary);
  }

  onPong(payload: Uint8Array): void {
    this.play!.onPong(payload);
  }

  private onHead(head: Head): void {
    const { role } = this.options;
    const fault = role === 'client' ? faultOfResponse(head, this.key) : faultOfRequest(head);
    if (role === 'client') {
      this.response = head.text;
      this.server = head.fields.get('server');
    } else {
      this.request = head.text;
    }
    if (fault !== undefined) {
      this.giveUp(fault);
      return;
    }
    let deflate: Deflate | undefined;
    try {
      deflate = this.negotiate(head);
    } catch (error) {
      this.giveUp(`a wrong Sec-WebSocket-Extensions: ${(error as Error).message}`);
      return;
    }
    this.open(deflate);
    if (head.rest.length > 0) this.endpoint!.receive(head.rest);
  }

  /** Settles on compression, and, as a server, responds. */
  private negotiate(head: Head): Deflate | undefined {
    const { role } = this.options;
    const elements = parseExtensions(head.fields.get('sec-websocket-extensions'));
    const terms = this.test.deflate ?? { offers: [], accepts: [] };
    if (role === 'client') {
      const parameters = confirm(elements, terms);
      return parameters === undefined ? undefined : new Deflate(role, parameters);
    }
    const accepted = accept(elements, terms);
    this.response = serverResponse(head, accepted?.element ?? '');
    this.write(this.response);
    return accepted === undefined ? undefined : new Deflate(role, accepted.parameters);
  }

  private open(deflate: Deflate | undefined): void {
    const { role, timing, patience } = this.options;
    this.stopOpenTimer();
    this.openedAt = timing.now();
    this.endpoint = new Endpoint(role, this.wire!, timing, this.log, deflate, this, patience);
    const { traffic } = this.endpoint;
    const [asked, answered] = role === 'client' ? [traffic.sent, traffic.received] : [traffic.received, traffic.sent];
    asked.opening = this.request.length;
    answered.opening = this.response.length;
    this.play = play(this.test, this.endpoint, this.log);
    this.play.start();
  }

  private giveUp(fault: string): void {
    this.fault = fault;
    this.wire!.abort();
  }

  private write(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.log.sent(bytes, false);
    this.wire!.write(bytes);
  }
}

import {
  type Connection,
  Phase,
  type PlainRequest,
  type Refusal,
  type Rejection,
  type UpgradeRequest,
} from '../../protocol/index.ts';
import type { AdmissionControl } from './admission-control.ts';
import {
  aboutPeer,
  INTERNAL_ERROR,
  isTurnedAway,
  NOBODY,
  NOT_FOUND,
  type Peer,
  readDecision,
  refusalOf,
  type TurnedAway,
} from './decision.ts';
import { guard, type Guarded, isPromise, watch } from './guard.ts';
import type { Observer } from './observer.ts';
import type { Pump } from './pump.ts';
import type { EventSource } from './socket-parts.ts';

/** Whose request it is. */
export interface Applicant {
  readonly connection: Connection;
  readonly pump: Pump;
  /** The request, once somebody asks to see it. */
  readonly request: UpgradeRequest | undefined;
  /** Tells of what a callback threw. */
  report(error: unknown): void;
}

/** A server's answer to a request, by what its options and its `authorize` say: there until the connection is open. */
export class RequestDecision {
  readonly #applicant: Applicant;
  readonly #socket: EventSource;
  readonly #admission: AdmissionControl<any>;
  readonly #observer: Observer | undefined;
  #peer: Peer | undefined;
  /** The request, once it has come. */
  #request: PlainRequest | undefined;
  /** Aborts what is under way. */
  #deciding: AbortController | undefined;

  constructor(
    applicant: Applicant,
    socket: EventSource,
    admission: AdmissionControl<any>,
    { observer, peer }: { observer: Observer | undefined; peer: Peer | undefined },
  ) {
    this.#applicant = applicant;
    this.#socket = socket;
    this.#admission = admission;
    this.#observer = observer;
    this.#peer = peer;
    this.#request = undefined;
    this.#deciding = undefined;
  }

  /** A valid opening handshake has come. */
  onRequest(request: UpgradeRequest): void {
    this.#request = request;
    try {
      if (this.#admission.serves(request.path)) this.#authorize();
      else this.#refuse(NOT_FOUND);
    } catch (error) {
      this.#refuse(INTERNAL_ERROR, error);
    }
  }

  #authorize(): void {
    const { authorize } = this.#admission;
    if (authorize === undefined) return this.#answer(true);
    const refusal = this.#admission.refusal() ?? this.#admission.ask(this.#socket);
    if (refusal !== undefined) return this.#refuse(refusal);
    const peer = this.#peer ?? NOBODY;
    this.#ask(
      (signal) => authorize(this.#applicant.request!, aboutPeer(peer, signal)),
      (decision) => this.#answer(decision),
    );
  }

  /** A request has come that asks for no WebSocket. */
  onPlainRequest(request: PlainRequest, refusal: Rejection): void {
    this.#request = request;
    const { onRequest } = this.#admission;
    const noUpgrade: TurnedAway = { kind: 'no-upgrade', response: refusal };
    if (onRequest === undefined) return this.#refuse(noUpgrade);
    const unasked = this.#admission.ask(this.#socket);
    if (unasked !== undefined) return this.#refuse(unasked);
    this.#ask(
      (signal) => onRequest(request, { signal }),
      (response) => {
        if (response === undefined) this.#refuse(noUpgrade);
        else this.#respond(this.#reject, response);
      },
    );
  }

  /** It has been answered so, by the core itself where this is called from there. */
  onRefused(refusal: Refusal, error: unknown = refusal.cause): void {
    const { kind, response, request } = refusal;
    if ('cause' in refusal) this.#applicant.report(error);
    const reason = refusalOf(kind, this.#socket.remoteAddress, error, response);
    this.#observer?.onRefused(request, response, reason, this.#socket);
    this.#admission.tellRefused(request, response, reason, (thrown) => this.#applicant.report(thrown));
  }

  /** The connection has ended with this error: nobody need decide any more. */
  abort(error: Error | undefined): void {
    this.#deciding?.abort(error);
  }

  /** Asks the user what to answer; that may come later, or never. */
  #ask<T>(decide: (signal: AbortSignal) => T | PromiseLike<T>, settle: (decision: T) => void): void {
    const deciding = new AbortController();
    this.#deciding = deciding;
    const asking: Guarded = {
      failed: (error) => {
        // The client may be gone by now: the failure is told all the same.
        if (!this.#isAwaited) return this.#applicant.report(error);
        this.#refuse(INTERNAL_ERROR, error);
        this.#applicant.pump.flush();
      },
    };
    guard(asking, () => {
      const decision = decide(deciding.signal);
      // One who closes the server has it answer.
      if (!isPromise(decision)) return void (this.#isAwaited && settle(decision));
      watch(
        asking,
        decision.then((late) => this.#settleLate(() => settle(late))),
      );
    });
  }

  /** The client may be gone by now, or the deadline have passed. */
  #settleLate(settle: () => void): void {
    if (this.#isAwaited) settle();
    this.#applicant.pump.flush();
  }

  get #isAwaited(): boolean {
    return this.#applicant.connection.phase === Phase.CONNECTING;
  }

  /** Answers the request by what `authorize` has decided. */
  #answer(decision: unknown): void {
    this.#respond(this.#heed, decision);
  }

  #heed(decision: unknown): void {
    const verdict = readDecision(decision);
    // Asked last: while the user decided, others may have come in.
    const refusal = isTurnedAway(verdict) ? verdict : this.#admission.refusal();
    if (refusal !== undefined) return this.#refuse(refusal);
    if (isTurnedAway(verdict)) return;
    this.#socket.context = verdict.context;
    this.#applicant.connection.accept(verdict, this.#socket.clock.now());
  }

  #reject(response: Rejection): void {
    this.#applicant.connection.reject(response, this.#socket.clock.now());
  }

  /** What can't be sent, and a callback that throws, is the server's fault: 500. */
  #respond<T>(answer: (this: RequestDecision, given: T) => void, given: T): void {
    this.#deciding = undefined;
    this.#peer = undefined;
    try {
      answer.call(this, given);
    } catch (error) {
      if (this.#isAwaited) this.#refuse(INTERNAL_ERROR, error);
      else this.#applicant.report(error);
    }
    this.#admission.decided(this.#socket);
  }

  #refuse({ kind, response }: TurnedAway, error?: unknown): void {
    this.#deciding = undefined;
    if (error !== undefined) this.#applicant.report(error);
    this.#reject(response);
    this.onRefused({ kind, request: this.#request, response }, error);
    this.#admission.decided(this.#socket);
  }
}

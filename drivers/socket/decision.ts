import type { HeaderInit, RefusalKind, Rejection } from '../../protocol/index.ts';
import {
  ANYTHING,
  checkOptions,
  nameOf,
  OBJECT,
  type OptionTable,
  REJECTION_OPTIONS,
  STRING,
} from '../../protocol/internal.ts';

/** Who asks, as far as the transport tells. */
export interface Peer {
  /** The address, or an empty string where there is none. */
  readonly remoteAddress: string;
  /** The port, or 0 where there is none. */
  readonly remotePort: number;
  /** Whether TLS ends here. */
  readonly encrypted: boolean;
  /** The certificate that the peer showed, where TLS asked for one (`requestCert`) and it has been verified. */
  readonly peerCertificate: object | undefined;
  /** The request as whoever parsed it has it, `node:http`'s say, where something else did. */
  readonly incoming: object | undefined;
}

/** What `authorize` is told besides the request. */
export interface AuthorizeContext extends Peer {
  /** Fires when the client is gone or the deadline has passed. */
  readonly signal: AbortSignal;
}

/** How `authorize` accepts: more fields for the 101, and what the connection's `context` is to be. */
export interface Acceptance<Context = unknown> {
  /** More fields for the 101 response. */
  headers?: HeaderInit | undefined;
  /** What the connection's `context` is to be: who it is, say. */
  context?: Context | undefined;
  /** Takes the place of `selectSubprotocol` for this connection; must be one that was offered. */
  subprotocol?: string | undefined;
}

/** A whole HTTP response. */
export type HttpResponse = Rejection;

/** What `authorize` may return: `true` or an Acceptance lets the client in, `false` refuses with 403, and a response with that. */
export type Decision<Context = unknown> = boolean | Acceptance<Context> | Rejection;

/** Why somebody was turned away. */
export interface RefusalReason {
  /** Why, in a word that does not change. */
  readonly kind: RefusalKind;
  /** The same in words, for a log. Nothing of the peer's is in them. */
  readonly message: string;
  /** The address of the client, or an empty string where there is none. */
  readonly remoteAddress: string;
  /** What was thrown, or what TLS failed with. */
  readonly error: unknown;
}

/** A refusal of the driver's own. */
export interface TurnedAway {
  readonly kind: RefusalKind;
  readonly response: Rejection;
}

const ACCEPTANCE: OptionTable<Acceptance> = { headers: OBJECT, context: ANYTHING, subprotocol: STRING };

/** Most are let in by it: it is not looked at again for each. */
const LET_IN: Acceptance = checkOptions('authorize', ACCEPTANCE, {});

/**
 * What `authorize` has decided. Whoever gets in is let in by a word for it: throws a TypeError for anything that is none
 * of the four, so that a forgotten `return`, or a user's record in the place of a context, lets nobody in.
 */
export function readDecision(decision: unknown): Acceptance | TurnedAway {
  if (decision === true) return LET_IN;
  if (decision === false) return { kind: 'authorize', response: { status: 403 } };
  if (typeof decision !== 'object' || decision === null) {
    const right = 'true, false, an acceptance ({ context, headers, subprotocol }) or a response ({ status })';
    throw new TypeError(`authorize must return ${right}, not ${nameOf(decision)}: it was refused`);
  }
  if (Object.hasOwn(decision, 'status')) {
    return {
      kind: 'authorize',
      response: checkOptions('the response of authorize', REJECTION_OPTIONS, decision as Rejection),
    };
  }
  const known = Object.keys(decision).every((name) => Object.hasOwn(ACCEPTANCE, name));
  if (!known)
    throw new TypeError('authorize returned an object of its own: put it into { context: … }; it was refused');
  return checkOptions('authorize', ACCEPTANCE, decision);
}

export function isTurnedAway(verdict: Acceptance | TurnedAway): verdict is TurnedAway {
  return 'kind' in verdict;
}

/** What a refusal is told as. What is wrong with a request stands in the core's response. */
export function refusalOf(
  kind: RefusalKind,
  remoteAddress: string,
  error?: unknown,
  response?: Rejection,
): RefusalReason {
  const what = kind === 'bad-request' && typeof response?.body === 'string' ? `: ${response.body.trimEnd()}` : '';
  return { kind, message: REFUSALS[kind] + what, remoteAddress, error };
}

const REFUSALS: Readonly<Record<RefusalKind, string>> = {
  'bad-request': 'it is no valid request for a WebSocket',
  'no-upgrade': 'it asks for no WebSocket',
  origin: 'allowedOrigins does not let its Origin in',
  path: 'nothing is served at its path',
  authorize: 'authorize said no',
  limit: 'maxConnections or maxHandshakes is reached',
  timeout: 'it did not come, or was not decided on, within handshakeTimeout',
  closing: 'the server is being closed',
  error: 'a callback threw, or returned what it may not',
  tls: 'the TLS handshake failed',
};

/** A callback threw, or returned what it may not. */
export const INTERNAL_ERROR: TurnedAway = { kind: 'error', response: { status: 500 } };
/** Nobody serves WebSockets there (RFC 6455 §4.2.2). */
export const NOT_FOUND: TurnedAway = { kind: 'path', response: { status: 404, body: 'no WebSocket is served here\n' } };

export const NOBODY: Peer = {
  remoteAddress: '',
  remotePort: 0,
  encrypted: false,
  peerCertificate: undefined,
  incoming: undefined,
};

/** Read when it is asked for: a certificate costs something to take apart. */
export function aboutPeer(peer: Peer, signal: AbortSignal): AuthorizeContext {
  const names = Object.keys(NOBODY) as (keyof Peer)[];
  const fields = names.map((name) => [name, { enumerable: true, get: () => peer[name] }] as const);
  return Object.defineProperties({ signal }, Object.fromEntries(fields)) as AuthorizeContext;
}

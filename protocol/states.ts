/**
 * The state machine of a connection, as tables. Two rules:
 *
 * 1. What a connection does next is decided by its state. No flag, no counter and no object that happens to be there
 *    decides beside it.
 * 2. A state changes in one place, `Lifecycle.take`, for one of the causes below, to what the table says. A cause without
 *    an entry is refused before anything has changed: where it is a call, with an InvalidStateError.
 *
 * `STATES` is the life of a connection, from the opening handshake (RFC 6455 §4) to the transport's end (§7). There are
 * three small machines beside it, in flows.ts, and none looks into another. `npm run states` draws docs/design/states.svg.
 */

/** Where a connection stands, in the numbers of the WHATWG's `readyState`. */
export const Phase = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

/** What the transport is to do once the output is written: go on, end the sending side, or end altogether. */
export const TransportAction = { KEEP: 0, END: 1, ABORT: 2 } as const;
export type TransportAction = (typeof TransportAction)[keyof typeof TransportAction];

/**
 * What bytes from the peer are: its part of the opening handshake, frames that came before the answer to it, frames, or
 * nothing (RFC 6455 §1.4, §7.1.7: the transport's end is waited for).
 */
export const Bytes = { HANDSHAKE: 0, EARLY: 1, FRAMES: 2, NOTHING: 3 } as const;
export type Bytes = (typeof Bytes)[keyof typeof Bytes];

/**
 * What there is a deadline for: the opening handshake; a ping after silence, and its pong; the closing handshake; the
 * transport's end alone, for a second, or longer while output waits; whoever holds back what is left to read, for a second;
 * what is left to read, for a second; nothing.
 */
export const Deadline = { OPENING: 0, KEEPALIVE: 1, CLOSING: 2, LINGER: 3, PATIENCE: 4, GRACE: 5, NONE: 6 } as const;
export type Deadline = (typeof Deadline)[keyof typeof Deadline];

/** What changes a state. */
export const CAUSES = [
  // Calls of the connection's owner.
  'receiveHead',
  'receiveFields',
  'useHttp2',
  'accept',
  'reject',
  'send',
  'close',
  'queueClose',
  'conclude',
  'terminate',
  // What the opening handshake has come to. A server's:
  'request',
  'plainRequest',
  'endedPlainRequest',
  'refuse',
  // A client's:
  'response',
  'badResponse',
  // A Close frame that waited behind a message goes out.
  'sendClose',
  // What the peer has sent since.
  'closeFrame',
  'fault',
  // The transport, the clock, more than is kept or discarded, and something of ours that broke.
  'eof',
  'outputLost',
  'lost',
  'timeout',
  'flood',
  'failure',
] as const;
/** What may lead from one state to another. */
export type Cause = (typeof CAUSES)[number];

/** The states, in the order of a connection's life. */
export const STATE_NAMES = [
  'AWAITING_REQUEST',
  'DECIDING',
  'PLAIN_REQUEST',
  'ENDED_PLAIN_REQUEST',
  'AWAITING_RESPONSE',
  'AWAITING_FIELDS',
  'LAST_RESPONSE',
  'LAST_FIELDS',
  'OPEN',
  'CLOSE_RECEIVED',
  'FAULT_FOUND',
  'CLOSE_QUEUED',
  'CLOSE_QUEUED_AND_RECEIVED',
  'CLOSE_QUEUED_FAULT_FOUND',
  'CLOSE_SENT',
  'CLOSE_SENT_AND_RECEIVED',
  'CLOSE_SENT_FAULT_FOUND',
  'OUTPUT_LOST',
  'LAST_SECOND',
  'UNANSWERABLE',
  'UNANSWERED',
  'AWAITING_EOF',
  'LINGERING',
  'ENDING',
  'ANSWERED',
  'CLOSED',
  'ABORTED',
] as const;
/** The state of a connection, by name: docs/design/states.svg draws them. */
export type StateName = (typeof STATE_NAMES)[number];

/** A client's part in the end of the transport is another over HTTP/2. */
export const ROLES = ['server', 'client', 'http2Client'] as const;
export type Role = (typeof ROLES)[number];

/** Where a cause leads: to a state, to one for each role, or nowhere, in a state that it means nothing to. */
export type Next = StateName | 'SAME' | Readonly<Record<Role, StateName>>;

/** What holds in a state, and where it leads. */
export interface StateRow {
  readonly phase: Phase;
  readonly bytes: Bytes;
  readonly action: TransportAction;
  readonly deadline: Deadline;
  readonly on: Readonly<Partial<Record<Cause, Next>>>;
}

const BREAKS = { terminate: 'ABORTED', lost: 'ABORTED', timeout: 'ABORTED', failure: 'ABORTED' } as const;
/** Once open, what is not delivered has another bound. */
const BREAKS_FRAMES = { ...BREAKS, flood: 'ABORTED' } as const;
/**
 * §7.1.1: the server ends the transport first, and at once; the client waits for that, and the server for the client's end, as
 * long as is reasonable. RFC 8441 §5: either may be the first to end a stream of HTTP/2.
 */
const BOTH_CLOSED = { server: 'LINGERING', client: 'AWAITING_EOF', http2Client: 'LINGERING' } as const;

/** What is put off is done before the transport's end or its loss is looked at. */
const BREAKS_PUT_OFF = {
  terminate: 'ABORTED',
  outputLost: 'UNANSWERABLE',
  timeout: 'ABORTED',
  flood: 'ABORTED',
  failure: 'ABORTED',
} as const;

const CONNECTING = {
  phase: Phase.CONNECTING,
  action: TransportAction.KEEP,
  deadline: Deadline.OPENING,
  on: { ...BREAKS, close: 'ABORTED', conclude: 'SAME', eof: 'ABORTED', outputLost: 'ABORTED' },
} as const;
const OPEN = { phase: Phase.OPEN, action: TransportAction.KEEP, deadline: Deadline.KEEPALIVE } as const;
const CLOSING = {
  phase: Phase.CLOSING,
  action: TransportAction.KEEP,
  deadline: Deadline.CLOSING,
  on: { ...BREAKS_FRAMES, close: 'SAME', conclude: 'SAME', outputLost: 'ABORTED' },
} as const;
/** A request that comes when none is waited for any more. */
const PASSED_OVER = { receiveHead: 'SAME', receiveFields: 'SAME' } as const;
const OVER = {
  phase: Phase.CLOSED,
  bytes: Bytes.NOTHING,
  deadline: Deadline.NONE,
  on: {
    close: 'SAME',
    conclude: 'SAME',
    terminate: 'SAME',
    eof: 'SAME',
    outputLost: 'SAME',
    lost: 'SAME',
    ...PASSED_OVER,
  },
} as const;

export const STATES: Readonly<Record<StateName, StateRow>> = {
  /** Server: its request has not come whole. */
  AWAITING_REQUEST: {
    ...CONNECTING,
    bytes: Bytes.HANDSHAKE,
    on: {
      ...CONNECTING.on,
      receiveHead: 'SAME',
      receiveFields: 'SAME',
      reject: 'ENDING',
      request: 'DECIDING',
      plainRequest: 'PLAIN_REQUEST',
      endedPlainRequest: 'ENDED_PLAIN_REQUEST',
      refuse: 'ENDING',
    },
  },
  /** Server: a valid opening handshake waits for its answer. A client is to wait too (§4.1). */
  DECIDING: {
    ...CONNECTING,
    bytes: Bytes.EARLY,
    on: { ...CONNECTING.on, accept: 'OPEN', reject: 'ENDING', refuse: 'ENDING' },
  },
  /** Server: a request that asks for no WebSocket waits for its answer. */
  PLAIN_REQUEST: { ...CONNECTING, bytes: Bytes.EARLY, on: { ...CONNECTING.on, reject: 'ENDING', refuse: 'ENDING' } },
  /** The same over HTTP/2, where a request without a body ends its stream: that end says nothing. */
  ENDED_PLAIN_REQUEST: {
    ...CONNECTING,
    bytes: Bytes.EARLY,
    on: { ...CONNECTING.on, reject: 'ANSWERED', refuse: 'ANSWERED', eof: 'SAME' },
  },
  /** Client: the response has not come whole. */
  AWAITING_RESPONSE: {
    ...CONNECTING,
    bytes: Bytes.HANDSHAKE,
    on: {
      ...CONNECTING.on,
      useHttp2: 'AWAITING_FIELDS',
      response: 'OPEN',
      badResponse: 'ABORTED',
      outputLost: 'LAST_RESPONSE',
    },
  },
  /** Client, over HTTP/2: the response comes as fields, and the body of a refusal as bytes. */
  AWAITING_FIELDS: {
    ...CONNECTING,
    bytes: Bytes.HANDSHAKE,
    on: {
      ...CONNECTING.on,
      receiveFields: 'SAME',
      response: 'OPEN',
      badResponse: 'ABORTED',
      outputLost: 'LAST_FIELDS',
    },
  },
  /** Client: the request could not be sent, or not all of it, but an answer may have come. */
  LAST_RESPONSE: {
    ...CONNECTING,
    bytes: Bytes.HANDSHAKE,
    deadline: Deadline.GRACE,
    on: { ...CONNECTING.on, response: 'OUTPUT_LOST', badResponse: 'ABORTED', outputLost: 'SAME' },
  },
  /** The same over HTTP/2. */
  LAST_FIELDS: {
    ...CONNECTING,
    bytes: Bytes.HANDSHAKE,
    deadline: Deadline.GRACE,
    on: {
      ...CONNECTING.on,
      receiveFields: 'SAME',
      response: 'OUTPUT_LOST',
      badResponse: 'ABORTED',
      outputLost: 'SAME',
    },
  },
  OPEN: {
    ...OPEN,
    bytes: Bytes.FRAMES,
    on: {
      ...BREAKS_FRAMES,
      send: 'SAME',
      close: 'CLOSE_SENT',
      queueClose: 'CLOSE_QUEUED',
      conclude: 'SAME',
      closeFrame: 'CLOSE_RECEIVED',
      fault: 'FAULT_FOUND',
      eof: 'ABORTED',
      outputLost: 'OUTPUT_LOST',
    },
  },
  /** The peer's Close frame has come, and what came before it may still be answered: until `conclude`, ours is put off. */
  CLOSE_RECEIVED: {
    ...OPEN,
    bytes: Bytes.NOTHING,
    on: {
      ...BREAKS_PUT_OFF,
      send: 'SAME',
      close: 'CLOSE_SENT_AND_RECEIVED',
      queueClose: 'CLOSE_QUEUED_AND_RECEIVED',
      conclude: BOTH_CLOSED,
    },
  },
  /** The peer broke a rule (§7.1.7), and likewise. */
  FAULT_FOUND: {
    ...OPEN,
    bytes: Bytes.NOTHING,
    on: {
      ...BREAKS_PUT_OFF,
      send: 'SAME',
      close: 'CLOSE_SENT_FAULT_FOUND',
      queueClose: 'CLOSE_QUEUED_FAULT_FOUND',
      conclude: 'ENDING',
    },
  },
  /**
   * Our Close frame waits behind a message that is being deflated off the thread. Messages still come; none is taken any more.
   * A codec that takes longer than the closing handshake may is not waited for.
   */
  CLOSE_QUEUED: {
    ...CLOSING,
    bytes: Bytes.FRAMES,
    on: {
      ...CLOSING.on,
      sendClose: 'CLOSE_SENT',
      closeFrame: 'CLOSE_QUEUED_AND_RECEIVED',
      fault: 'CLOSE_QUEUED_FAULT_FOUND',
      eof: 'ABORTED',
      outputLost: 'OUTPUT_LOST',
    },
  },
  /** The peer's Close frame has come meanwhile: until ours has gone, what follows from it is put off. */
  CLOSE_QUEUED_AND_RECEIVED: {
    ...CLOSING,
    bytes: Bytes.NOTHING,
    on: { ...BREAKS_PUT_OFF, close: 'SAME', sendClose: 'CLOSE_SENT_AND_RECEIVED', conclude: BOTH_CLOSED },
  },
  /** The peer broke a rule meanwhile, and likewise. */
  CLOSE_QUEUED_FAULT_FOUND: {
    ...CLOSING,
    bytes: Bytes.NOTHING,
    on: { ...BREAKS_PUT_OFF, close: 'SAME', sendClose: 'CLOSE_SENT_FAULT_FOUND', conclude: 'ENDING' },
  },
  /** Our Close frame was the first. Messages still come; none goes. */
  CLOSE_SENT: {
    ...CLOSING,
    bytes: Bytes.FRAMES,
    on: {
      ...CLOSING.on,
      closeFrame: 'CLOSE_SENT_AND_RECEIVED',
      fault: 'CLOSE_SENT_FAULT_FOUND',
      eof: 'ABORTED',
      outputLost: 'OUTPUT_LOST',
    },
  },
  /** A Close frame went each way, and `conclude` follows: later, where what the peer's led to was put off. */
  CLOSE_SENT_AND_RECEIVED: {
    ...CLOSING,
    bytes: Bytes.NOTHING,
    on: { ...BREAKS_PUT_OFF, close: 'SAME', conclude: BOTH_CLOSED },
  },
  /** The peer broke a rule though we have closed, and likewise. */
  CLOSE_SENT_FAULT_FOUND: {
    ...CLOSING,
    bytes: Bytes.NOTHING,
    on: { ...BREAKS_PUT_OFF, close: 'SAME', conclude: 'ENDING' },
  },
  /** Nothing can be sent any more, but what has come before that is read, and delivered as it is wanted. */
  OUTPUT_LOST: {
    ...CLOSING,
    bytes: Bytes.FRAMES,
    deadline: Deadline.PATIENCE,
    on: {
      ...CLOSING.on,
      closeFrame: 'UNANSWERABLE',
      fault: 'UNANSWERABLE',
      eof: 'ABORTED',
      outputLost: 'SAME',
      timeout: 'LAST_SECOND',
    },
  },
  /** The same once nobody is asked any more whether it is wanted. */
  LAST_SECOND: {
    ...CLOSING,
    bytes: Bytes.FRAMES,
    deadline: Deadline.GRACE,
    on: {
      ...CLOSING.on,
      closeFrame: 'UNANSWERABLE',
      fault: 'UNANSWERABLE',
      eof: 'ABORTED',
      outputLost: 'SAME',
    },
  },
  /** The peer's Close frame or fault has come behind that, and `conclude` follows. */
  UNANSWERABLE: {
    ...CLOSING,
    bytes: Bytes.NOTHING,
    on: { ...BREAKS_PUT_OFF, outputLost: 'SAME', close: 'SAME', conclude: 'UNANSWERED' },
  },
  /** That has been told: the end follows at once. */
  UNANSWERED: { ...CLOSING, bytes: Bytes.NOTHING, on: { ...CLOSING.on, eof: 'ABORTED' } },
  /** Client: a Close frame went each way, and the server is to end the transport. */
  AWAITING_EOF: {
    ...CLOSING,
    bytes: Bytes.NOTHING,
    deadline: Deadline.LINGER,
    on: { ...CLOSING.on, eof: 'CLOSED' },
  },
  /** Server, or over HTTP/2: a Close frame went each way, our side of the transport ends, and the peer is to end its own. */
  LINGERING: {
    ...CLOSING,
    bytes: Bytes.NOTHING,
    action: TransportAction.END,
    deadline: Deadline.LINGER,
    on: { ...CLOSING.on, eof: 'CLOSED' },
  },
  /** Our side of the transport ends; the peer's end is waited for. */
  ENDING: {
    ...CLOSING,
    bytes: Bytes.NOTHING,
    action: TransportAction.END,
    on: { ...CLOSING.on, ...PASSED_OVER, eof: 'CLOSED' },
  },
  /** The same after an ENDED_PLAIN_REQUEST: until the transport is gone. */
  ANSWERED: { ...CLOSING, bytes: Bytes.NOTHING, action: TransportAction.END, on: { ...CLOSING.on, eof: 'SAME' } },
  /** The end, as it should be. */
  CLOSED: { ...OVER, action: TransportAction.END },
  /** The end by force. A client over HTTP/2 has asked for nothing then, and hears nothing more. */
  ABORTED: { ...OVER, action: TransportAction.ABORT, on: { ...OVER.on, useHttp2: 'SAME' } },
};

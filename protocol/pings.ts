/** The most pings that are remembered; a pong that answers a newer one answers the forgotten ones too. */
const MOST = 256;

interface SentPing {
  readonly id: number;
  readonly payload: Uint8Array;
  readonly sentAt: number;
}

/** What a pong answered. */
export interface Acknowledged {
  /** The newest ping that it answers, or 0 when it answers none. */
  readonly id: number;
  /** That ping's round trip in milliseconds. */
  readonly roundTrip: number;
}

const UNSOLICITED: Acknowledged = { id: 0, roundTrip: 0 };

/** The pings that are on their way, to be matched with pongs (RFC 6455 §5.5.3). */
export class PingLedger {
  /** The newest round trip, in milliseconds; NaN before the first. */
  latency: number;
  #sent: SentPing[];
  #lastId: number;

  constructor() {
    this.latency = NaN;
    this.#sent = [];
    this.#lastId = 0;
  }

  /** The id that the next ping gets. */
  get nextId(): number {
    return this.#lastId + 1;
  }

  /** Remembers a ping. The payload is copied. Returns its id. */
  send(payload: Uint8Array, now: number): number {
    const id = ++this.#lastId;
    if (this.#sent.length === MOST) this.#sent.shift();
    this.#sent.push({ id, payload: payload.slice(), sentAt: now });
    return id;
  }

  /** A pong has come. The newest ping with its payload is answered, and all before that one. */
  acknowledge(payload: Uint8Array, now: number): Acknowledged {
    for (let i = this.#sent.length - 1; i >= 0; i--) {
      const ping = this.#sent[i];
      if (!isEqual(ping.payload, payload)) continue;
      this.#sent.splice(0, i + 1);
      this.latency = now - ping.sentAt;
      return { id: ping.id, roundTrip: this.latency };
    }
    return UNSOLICITED;
  }
}

/** The payload of a ping that was given none: its id, so that its pong is told from every other. */
export function pingPayload(id: number): Uint8Array {
  return new Uint8Array([id >>> 24, (id >>> 16) & 0xff, (id >>> 8) & 0xff, id & 0xff]);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

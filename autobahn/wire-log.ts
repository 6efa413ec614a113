import type { FrameHead } from './frames.ts';

/** Octets or a text, cut to what a report shows: its whole length in bytes, and how it begins. */
export type Excerpt = readonly [length: number, shown: string];

/**
 * A row of the wire log, in the official suite's shape: octets received and sent (RO, TO), frames received and sent
 * (RF, TF), a wait and its end (CT, CTE), a deadline to fail or to close the connection and its coming (KL, KLE, TI,
 * TIE), and the log switched off and on (WLM).
 */
export type LogRow =
  | readonly ['RO', Excerpt]
  | readonly ['TO', Excerpt, alone: boolean]
  | readonly ['RF', Excerpt, opcode: number, fin: boolean, rsv: number, masked: boolean, key: string | null]
  | readonly ['TF', Excerpt, number, boolean, number, string | null, number | null, number | null, boolean]
  | readonly ['CT', seconds: number, tag: string | null]
  | readonly ['CTE', tag: string | null]
  | readonly ['KL' | 'TI', seconds: number]
  | readonly ['KLE' | 'TIE']
  | readonly ['WLM', on: boolean];

export type Tally = Record<string, number>;

/** How a frame left, beside its head. */
export interface Sending {
  readonly chop: number;
  readonly alone: boolean;
}

const SHOWN = 64;

/** What went over the wire in a case, for its report: rows, cut short, and tallies. */
export class WireLog {
  readonly rows: LogRow[];
  /** How many reads and writes of which size. */
  readonly octetsReceived: Tally;
  readonly octetsSent: Tally;
  /** How many frames of which opcode. */
  readonly framesReceived: Tally;
  readonly framesSent: Tally;
  private on: boolean;

  constructor() {
    this.rows = [];
    this.octetsReceived = {};
    this.octetsSent = {};
    this.framesReceived = {};
    this.framesSent = {};
    this.on = true;
  }

  /** Stops or resumes the rows of octets and frames: the log of a 16 MiB message helps nobody. */
  set enabled(on: boolean) {
    if (on === this.on) return;
    this.on = on;
    this.rows.push(['WLM', on]);
  }

  received(bytes: Uint8Array): void {
    count(this.octetsReceived, bytes.length);
    if (this.on) this.rows.push(['RO', hexExcerpt(bytes)]);
  }

  sent(bytes: Uint8Array, alone: boolean): void {
    count(this.octetsSent, bytes.length);
    if (this.on) this.rows.push(['TO', hexExcerpt(bytes), alone]);
  }

  frameReceived(head: FrameHead, payload: () => Uint8Array): void {
    count(this.framesReceived, head.opcode);
    if (!this.on) return;
    const masked = head.key !== undefined;
    this.rows.push(['RF', textExcerpt(payload()), head.opcode, head.fin, head.rsv, masked, hexKey(head)]);
  }

  frameSent(head: FrameHead, payload: Uint8Array, sending: Sending): void {
    count(this.framesSent, head.opcode);
    if (!this.on) return;
    const chop = sending.chop === 0 ? null : sending.chop;
    const { opcode, fin, rsv } = head;
    this.rows.push(['TF', textExcerpt(payload), opcode, fin, rsv, hexKey(head), null, chop, sending.alone]);
  }

  note(row: LogRow): void {
    this.rows.push(row);
  }
}

/** The octets in hexadecimal, at most 64 of them. */
export function hexExcerpt(bytes: Uint8Array): Excerpt {
  return [bytes.length, hex(bytes.subarray(0, SHOWN)) + (bytes.length > SHOWN ? ' ...' : '')];
}

/** The text, or the octets in hexadecimal where they are none; at most 64 bytes of it. */
export function textExcerpt(bytes: Uint8Array): Excerpt {
  return [bytes.length, textOf(bytes)];
}

/** The same without the length. */
export function textOf(bytes: Uint8Array): string {
  const cut = bytes.length > SHOWN;
  try {
    // A cut in the middle of a code point is no reason to show octets: `stream` lets the decoder leave it out.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, SHOWN), {
      stream: cut,
    });
    return cut ? text + ' ...' : text;
  } catch {
    return '0x' + hexExcerpt(bytes)[1];
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function hexKey(head: FrameHead): string | null {
  return head.key === undefined ? null : hex(head.key);
}

function count(tally: Tally, key: number): void {
  tally[key] = (tally[key] ?? 0) + 1;
}

import { textOf } from '../names.ts';

/** A connection to NATS, of @nats-io/transport-node and its siblings (3): what is used of it, by shape. */

export interface NatsMessage {
  readonly data: Uint8Array;
  readonly headers?: { get(name: string): string; readonly code: number } | undefined;
}

export interface NatsSubscription {
  unsubscribe(): void;
}

export interface NatsConnection {
  publish(subject: string, payload?: any, options?: any): void;
  request(subject: string, payload?: any, options?: any): Promise<NatsMessage>;
  subscribe(subject: string, options: any): NatsSubscription;
  flush(): Promise<void>;
  status(): AsyncIterable<{ readonly type: string }> & { stop?(): void };
  closed(): Promise<unknown>;
  isClosed(): boolean;
  close(): Promise<void>;
  reconnect?(): Promise<void>;
}

export function isNatsConnection(value: unknown): value is NatsConnection {
  if (typeof value !== 'object' || value === null) return false;
  const { publish, request, subscribe, flush, status } = value as Partial<NatsConnection>;
  return [publish, request, subscribe, flush, status].every((one) => typeof one === 'function');
}

/** A topic as one token of a subject: at most 765 characters of it. */
export function encodeSubject(topic: string): string {
  return encodeURIComponent(topic).replace(/[.!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

/** Headers as the client wants them: something that encodes itself. Names and values are ours, or checked: no line breaks. */
export function headersOf(fields: Readonly<Record<string, string>>): { encode(): Uint8Array } {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return { encode: () => new TextEncoder().encode(`NATS/1.0\r\n${lines.join('')}\r\n`) };
}

/** "flags stamp\n" and the data. */
export function encodeMessage(data: string | Uint8Array, stamp: string, compress: boolean): Uint8Array {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  const head = new TextEncoder().encode(`${typeof data === 'string' ? 't' : 'b'}${compress ? 'c' : 'p'} ${stamp}\n`);
  const all = new Uint8Array(head.length + bytes.length);
  all.set(head);
  all.set(bytes, head.length);
  return all;
}

const LINE_FEED = 10;

export interface Decoded {
  readonly data: string | Uint8Array;
  readonly stamp: string;
  readonly compress: boolean;
}

/** Returns undefined for what is none of ours. */
export function decodeMessage(payload: Uint8Array): Decoded | undefined {
  const end = payload.subarray(0, 64).indexOf(LINE_FEED);
  const head = end < 0 ? null : /^([tb])([cp]) (\w+)$/.exec(textOf(payload.subarray(0, end)));
  if (head === null) return undefined;
  const bytes = payload.subarray(end + 1);
  const data = head[1] === 't' ? textOf(bytes) : bytes.slice();
  return { data, stamp: head[3], compress: head[2] === 'c' };
}

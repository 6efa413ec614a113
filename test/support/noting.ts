/** What everything has in common that tries a connection by itself: a sink that notes, and random bytes that are known. */
import type { EventQueue, Sink } from '../../protocol/index.ts';

export type Role = 'client' | 'server';

/** The methods of a sink that tell of an event. */
export const SINK_METHODS = [
  'onRequest',
  'onOpen',
  'onText',
  'onTextBytes',
  'onBinary',
  'onMessageStart',
  'onMessageChunk',
  'onMessageEnd',
  'onPing',
  'onPong',
  'onCloseFrame',
  'onClosed',
] as const satisfies readonly (keyof Sink)[];

export type SinkMethod = (typeof SINK_METHODS)[number];

/** A sink that notes each event in `queue`, and then calls `then` with the method and what it was given. */
export function noting(queue: EventQueue, then: (method: SinkMethod, args: unknown[]) => void): Partial<Sink> {
  const sink: Record<string, (...args: unknown[]) => void> = {};
  for (const method of SINK_METHODS) {
    sink[method] = (...args) => {
      (queue[method] as (...args: unknown[]) => void)(...args);
      then(method, args);
    };
  }
  return sink as Partial<Sink>;
}

/** Masking keys and nonces that a reader recognises, and always the same ones: 1, 2, 3, … */
export function countingRandom(): (bytes: Uint8Array) => void {
  let next = 1;
  return (bytes) => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = next++ & 0xff;
  };
}

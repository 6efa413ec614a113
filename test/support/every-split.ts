/** What a run of bytes means must not depend on how it is cut. */
import { expect } from 'vitest';
import { cut, everyCutting, type Cutting } from './cuts.ts';

/** Hands the pieces of the wire over, one after the other. */
export type Deliver = (receive: (piece: Uint8Array) => void) => void;

/**
 * Runs `run` on `wire` whole, byte by byte, and cut in two at every point, and expects the same from all of them.
 * Returns what came of the whole one.
 *
 * Each piece is in memory of its own, which is overwritten as soon as `receive` returns: lent bytes that somebody kept
 * show. (`run` is to make everything anew, and to call `deliver` once.)
 */
export function onEverySplit<T>(wire: Uint8Array, run: (deliver: Deliver) => T): T {
  const whole = run(delivery(wire, 'whole'));
  for (const cutting of everyCutting(wire.length)) {
    expect(run(delivery(wire, cutting)), `cut: ${String(cutting)}`).toEqual(whole);
  }
  return whole;
}

function delivery(wire: Uint8Array, cutting: Cutting): Deliver {
  return (receive) => {
    for (const piece of cut(wire, cutting)) {
      receive(piece);
      piece.fill(0xdb);
    }
  };
}

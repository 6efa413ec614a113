/** Calls back in a later turn of the event loop: where `allowSynchronousEvents` is off, events come one a turn. */
export function inLaterTurn(callback: () => void): void {
  setImmediate(callback);
}

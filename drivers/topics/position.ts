/**
 * Where a message stands in its topic: `epoch` changes when the engine has forgotten the topic, `offset` grows by one a
 * message (or by more, where the engine says which one was before), and `stamp` is random for each message, so that an
 * offset that is handed out twice is noticed. Offset 0, without a stamp, is before the first message of an epoch.
 */
export interface Place {
  readonly epoch: string;
  readonly offset: number;
  readonly stamp: string;
}

/** A place in a topic as text: opaque, and safe in URLs and JSON. It goes back in as `since`. */
export type Position = string;

const FORM = /^([0-9A-Za-z]{1,40})-(0|[1-9]\d{0,15})-([0-9A-Za-z]{0,40})$/;

/** A place as text. */
export function formatPosition({ epoch, offset, stamp }: Place): Position {
  return `${epoch}-${offset}-${stamp}`;
}

/** The place that a position names. Throws a TypeError for what is none. */
export function parsePosition(position: Position): Place {
  const parts = typeof position === 'string' ? FORM.exec(position) : null;
  const offset = Number(parts?.[2]);
  if (parts === null || !Number.isSafeInteger(offset))
    throw new TypeError('a position must be one that a hub has given');
  return { epoch: parts[1], offset, stamp: parts[3] };
}

/** Whether both are the same message of the same line. */
export function isSamePlace(a: Place, b: Place): boolean {
  return a.offset === b.offset && a.stamp === b.stamp && a.epoch === b.epoch;
}

import { Buffer } from 'node:buffer';
import process from 'node:process';

type Mark = (memory: object) => void;

/** Found when it is needed: node:worker_threads brings much along. Undefined where there is none, or it is not to be had. */
let mark: Mark | undefined | 'unknown' = 'unknown';

function findMark(): Mark | undefined {
  try {
    return process.getBuiltinModule('node:worker_threads').markAsUntransferable;
  } catch {
    return undefined;
  }
}

/**
 * Memory that many messages will lie in. Whoever transfers the memory of one of them, to a worker say, would empty all others in
 * the hands of whoever has them: Node refuses to, up to Node 20 by a copy and from Node 22 on with a DataCloneError.
 */
export function allocateBlock(size: number): Buffer<ArrayBuffer> {
  const block = Buffer.allocUnsafeSlow(size);
  if (mark === 'unknown') mark = findMark();
  try {
    mark?.(block.buffer);
  } catch {
    // A runtime that has the name and nothing behind it.
    mark = undefined;
  }
  return block;
}

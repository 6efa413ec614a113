import { own } from './own.ts';
import { promise } from './promise.ts';
import type { Testee } from './testee.ts';
import { face, ws } from './ws.ts';

/** The implementation of this name. Throws a RangeError when there is none. */
export function pickTestee(name: string): Testee {
  if (name === 'own') return own;
  if (name === 'promise') return promise;
  if (name === 'ws') return ws();
  if (name === 'ws-face') return face();
  if (name === 'ws-face-safe') return face(true);
  throw new RangeError(`no implementation is called ${name}: own, promise, ws, ws-face, ws-face-safe`);
}

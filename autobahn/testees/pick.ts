import { own } from './own.ts';
import { promise } from './promise.ts';
import type { Testee } from './testee.ts';
import { ws } from './ws.ts';

/** The implementation of this name. Throws a RangeError when there is none. */
export function pickTestee(name: string): Testee {
  if (name === 'own') return own;
  if (name === 'promise') return promise;
  if (name === 'ws') return ws();
  throw new RangeError(`no implementation is called ${name}: own, promise, ws`);
}

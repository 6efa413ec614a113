/**
 * What the core's tests import as `vitest` while mutants are tried: its own parts, without the workers, reporters and
 * configuration around them, which take a second a run where the tests take a few milliseconds.
 */
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  customMatchers,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
} from '@vitest/expect';
import { fn, spyOn } from '@vitest/spy';

export { afterEach, describe, test } from '@vitest/runner';

const stubbed = new Map<string, PropertyDescriptor | undefined>();

export const vi = {
  fn,
  spyOn,
  stubGlobal(name: string, value: unknown): void {
    if (!stubbed.has(name)) stubbed.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
  },
  unstubAllGlobals(): void {
    for (const [name, descriptor] of stubbed) {
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    }
    stubbed.clear();
  },
};

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

type Matchers = Record<string, (...args: unknown[]) => unknown>;
const asymmetric = (globalThis as unknown as Record<symbol, Matchers>)[ASYMMETRIC_MATCHERS_OBJECT as symbol];

export const expect = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  chai.expect,
  asymmetric,
);

(chai.expect as unknown as { extend(target: unknown, matchers: unknown): void }).extend(expect, customMatchers);

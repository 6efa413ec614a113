import { settled } from '../../support/fake-socket.ts';

/** An async iterable that the test feeds. */
export class Source implements AsyncIterable<any> {
  asked = 0;
  returned = 0;
  #steps: { resolve(step: IteratorResult<any>): void; reject(error: unknown): void }[] = [];

  [Symbol.asyncIterator](): AsyncIterator<any> {
    return {
      next: () => {
        this.asked++;
        return new Promise((resolve, reject) => this.#steps.push({ resolve, reject }));
      },
      return: () => {
        this.returned++;
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }

  async give(value: unknown): Promise<void> {
    this.#steps.shift()!.resolve({ value, done: false });
    await settled();
  }

  async end(): Promise<void> {
    this.#steps.shift()!.resolve({ value: undefined, done: true });
    await settled();
  }

  async fail(error: unknown): Promise<void> {
    this.#steps.shift()!.reject(error);
    await settled();
  }
}

/** A generator of these that tells whether it was left. */
export function watched(values: unknown[], error?: unknown): { source: Iterable<any>; wasLeft(): boolean } {
  let left = false;
  const source = (function* () {
    try {
      yield* values;
      if (error !== undefined) throw error;
    } finally {
      left = true;
    }
  })();
  return { source: source as Iterable<any>, wasLeft: () => left };
}

/** Messages that say something about a peer: every length form, several scripts, nothing at all. */
export const TEXTS: readonly string[] = [
  '',
  'a',
  'κόσμε',
  '漢字かな交じり文',
  '👩‍👩‍👧‍👦 \u{10ffff}',
  'x'.repeat(125),
  'x'.repeat(126),
  'é'.repeat(40_000),
  'x'.repeat(70_000),
];

export const BINARIES: readonly Uint8Array[] = [0, 1, 125, 126, 65_535, 65_536, 1 << 20].map((size) =>
  Uint8Array.from({ length: size }, (_, i) => (i * 31) & 0xff),
);

/** An async iterable of these. */
export async function* asynchronously<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve();
    yield item;
  }
}

/** A promise that is settled from outside. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((fulfil) => (resolve = fulfil));
  return { promise, resolve };
}

/** Whether two messages are the same; `toEqual` takes seconds for a megabyte. */
export function same(one: string | Uint8Array, other: string | Uint8Array): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other;
  return Buffer.compare(one, other) === 0;
}

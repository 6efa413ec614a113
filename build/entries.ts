/**
 * The entry points of the package: `sansocket/NAME`, and `sansocket` itself for `index`. This table is all there is to
 * add: the build makes the files and writes `exports` and `typesVersions` of package.json, and the tests of the
 * public surface go through it.
 */
export const ENTRIES: Readonly<Record<string, string>> = {
  index: 'drivers/index.ts',
  protocol: 'protocol/index.ts',
  node: 'drivers/node/index.ts',
  pipe: 'drivers/pipe/index.ts',
  web: 'drivers/web/index.ts',
  native: 'drivers/native/index.ts',
  ws: 'drivers/ws/index.ts',
  topics: 'drivers/topics/index.ts',
  'topics/redis': 'drivers/topics/redis/index.ts',
  'topics/nats': 'drivers/topics/nats/index.ts',
  'topics/client': 'drivers/topics/client/index.ts',
};

/**
 * Other names of entries, `sansocket/NAME`: Bun and Deno have Node's sockets, too, and get the promise API over them by this
 * name, where `sansocket` is their own WebSocket's.
 */
export const ALIASES: Readonly<Record<string, string>> = { promise: 'index' };

/** Those whose CommonJS module is the class that is their default export, with all others on it: as `require('ws')` is. */
export const BY_DEFAULT: ReadonlyMap<string, string> = new Map([['ws', 'WebSocket']]);

/** What a user writes to import an entry. */
export function specifierOf(entry: string): string {
  return entry === 'index' ? 'sansocket' : `sansocket/${entry}`;
}

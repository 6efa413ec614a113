import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'drivers/index.ts',
    protocol: 'protocol/index.ts',
    node: 'drivers/node/index.ts',
    pipe: 'drivers/pipe/index.ts',
    web: 'drivers/web/index.ts',
  },
  // One build for import and require() alike (Node ≥ 20.19 requires ES modules), and one copy of each class in chunks
  // that the entries share: an `instanceof` holds across all of them. So no top-level await anywhere.
  format: ['esm'],
  splitting: true,
  target: 'node20',
  platform: 'node',
  // `node:` stays as written: other runtimes and bundlers know a built-in by it.
  removeNodeProtocol: false,
  // What is marked @internal is for the drivers of this package and stays out of the types.
  dts: { compilerOptions: { stripInternal: true } },
  sourcemap: true,
  clean: true,
});

import { builtinModules } from 'node:module';
import type { Plugin } from 'esbuild';
import { defineConfig } from 'tsup';

/** A CommonJS package requires built-ins, which a module has to import: this hands it what was imported. */
const requiredBuiltins: Plugin = {
  name: 'required-builtins',
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z_]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '');
      if (kind !== 'require-call' || !builtinModules.includes(name)) return undefined;
      return { path: name, namespace: 'required-builtin' };
    });
    build.onLoad({ filter: /.*/, namespace: 'required-builtin' }, ({ path }) => ({
      contents: `export * from 'node:${path}';`,
    }));
  },
};

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
  // Small packages become part of the build, so that none is installed with it; THIRD-PARTY-LICENSES has their licences.
  noExternal: ['proxy-from-env', 'socks'],
  esbuildPlugins: [requiredBuiltins],
  sourcemap: true,
  clean: true,
  plugins: [{ name: 'class-names', renderChunk: (code) => ({ code: nameClasses(code) }) }],
});

/**
 * esbuild writes a class that names itself as `var Connection = class _Connection`, and users would read `_Connection`
 * wherever a class shows its name. The name inside can be the one outside: it is the same class. (esbuild's keepNames
 * would wrap every closure, on the hot paths too.)
 */
function nameClasses(code: string): string {
  const names = [...code.matchAll(/^var (\w+) = class _\1\b/gm)].map(([, name]) => name);
  return names.reduce((text, name) => text.replaceAll(new RegExp(`\\b_${name}\\b`, 'g'), name), code);
}

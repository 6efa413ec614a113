import { builtinModules } from 'node:module';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plugin } from 'esbuild';
import { defineConfig } from 'tsup';
import { writeCommonJs } from './build/commonjs.ts';
import { writeDeclarations } from './build/declarations.ts';
import { ENTRIES } from './build/entries.ts';
import { writeManifest } from './build/manifest.ts';

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
  entry: { ...ENTRIES, cli: 'drivers/cli/main.ts' },
  // ES modules, for bundlers and for other runtimes; entries share chunks, so that there is one copy of each class. What
  // Node runs is made of them (build/commonjs.ts), so no top-level await anywhere.
  format: ['esm'],
  splitting: true,
  target: 'node20',
  platform: 'node',
  // `node:` stays as written: other runtimes and bundlers know a built-in by it.
  removeNodeProtocol: false,
  // Small packages become part of the build, so that none is installed with it; THIRD-PARTY-LICENSES has their licences.
  noExternal: ['commander', 'picocolors', 'proxy-from-env', 'socks'],
  define: { SANSOCKET_VERSION: JSON.stringify(JSON.parse(readFileSync('package.json', 'utf8')).version) },
  esbuildPlugins: [requiredBuiltins],
  sourcemap: true,
  clean: true,
  plugins: [{ name: 'class-names', renderChunk: (code) => ({ code: nameClasses(code) }) }],
  async onSuccess() {
    writeManifest('package.json');
    writeDeclarations(process.cwd(), resolve('dist'));
    await writeCommonJs(resolve('dist'));
  },
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

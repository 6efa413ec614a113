/** The CommonJS build, made of the ES modules of the other one, and the modules that re-export it for `import`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rollup, type OutputChunk } from 'rollup';
import { BY_DEFAULT, ENTRIES } from './entries.ts';

/** The built-ins of which sources say `import * as`: none of these may be imported by default too. */
const TAKEN_WHOLE: (string | null)[] = ['node:zlib'];

/** Makes a module its default export, with what it does not have of the others on it. */
const ALL_ON_DEFAULT =
  'for (const name of Object.keys(exports)) if (!(name in exports.default)) exports.default[name] = exports[name];\n' +
  'module.exports = exports.default;';

/** Writes `DIST/commonjs` from the ES modules in `dist`. */
export async function writeCommonJs(dist: string): Promise<void> {
  const names = Object.keys(ENTRIES);
  const bundle = await rollup({
    input: Object.fromEntries(names.map((name) => [name, join(dist, `${name}.js`)])),
    external: /^node:/,
    treeshake: false,
    plugins: [{ name: 'with-source-maps', load: (path) => ({ code: read(path), map: read(`${path}.map`) }) }],
  });
  const { output } = await bundle.write({
    dir: join(dist, 'commonjs'),
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    sourcemap: true,
    exports: 'named',
    // A built-in's default export is the built-in. Where all of it is taken by one name, nothing stands between it and who calls it.
    interop: (id) => (TAKEN_WHOLE.includes(id) ? 'esModule' : 'default'),
    // `import()` is not to be had in Jest's CommonJS; what is loaded late can be required late.
    dynamicImportInCjs: false,
    externalLiveBindings: false,
    hoistTransitiveImports: false,
    generatedCode: 'es2015',
    outro: ({ name, isEntry }) => (isEntry && BY_DEFAULT.has(name) ? ALL_ON_DEFAULT : ''),
  });
  const chunks = output.filter((one): one is OutputChunk => one.type === 'chunk');
  const wrong = chunks.find(({ code }) => /\bzlib\w*\.default\b/.test(code));
  if (wrong !== undefined) throw new Error(`${wrong.fileName}: node:zlib is imported by default: see TAKEN_WHOLE`);
  for (const name of names) writeWrapper(dist, name, chunks.find((chunk) => chunk.fileName === `${name}.cjs`)!.exports);
}

/** A module that re-exports what the CommonJS file of an entry exports, and its declarations. */
function writeWrapper(dist: string, name: string, exported: string[]): void {
  const path = join(dist, 'commonjs', name);
  mkdirSync(dirname(path), { recursive: true });
  const own = `./${name.split('/').at(-1)}.cjs`;
  const declarations = join(dist, 'types', ENTRIES[name].replace(/\.ts$/, '.js'));
  const names = exported.filter((one) => one !== 'default').sort();
  const hasDefault = names.length < exported.length;
  writeFileSync(
    `${path}.mjs`,
    `import entry from '${own}';\n\nexport const { ${names.join(', ')} } = entry;\n` +
      (hasDefault ? 'export default entry;\n' : ''),
  );
  const types = relative(dirname(path), declarations);
  const byDefault = BY_DEFAULT.get(name);
  // To a module, what those declarations are is CommonJS, whose default export is all of it.
  writeFileSync(
    `${path}.d.mts`,
    `export * from '${types}';\n` + (hasDefault ? `export { ${byDefault} as default } from '${types}';\n` : ''),
  );
  if (byDefault !== undefined) writeClassDeclarations(path, types, byDefault);
}

/** What `import Class = require(…)` gets: the class that is the default export, and all else by its name. */
function writeClassDeclarations(path: string, types: string, name: string): void {
  const declarations = read(join(dirname(path), types.replace(/\.js$/, '.d.ts')));
  const listed = (kind: string) =>
    [...declarations.matchAll(new RegExp(`^${kind} \\{ ([^}]*) \\}`, 'gm'))]
      .flatMap(([, list]) => list.split(', '))
      .map((one) => one.split(' as ').at(-1));
  const members = [
    ...listed('export').map((one) => `  export import ${one} = all.${one};`),
    ...listed('export type').map((one) => `  export type ${one} = all.${one};`),
  ].filter((line) => !line.includes(` ${name} =`));
  writeFileSync(
    `${path}.d.cts`,
    `import all = require('${types}');\n\ndeclare class ${name} extends all.${name} {}\n` +
      `declare namespace ${name} {\n${members.join('\n')}\n  export { ${name} };\n}\nexport = ${name};\n`,
  );
}

function read(path: string): string {
  return readFileSync(path, 'utf8');
}

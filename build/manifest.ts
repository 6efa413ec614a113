/** What package.json says of the entry points, made of the table in entries.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { ALIASES, BY_DEFAULT, ENTRIES } from './entries.ts';

/** A target for each condition, or conditions again. */
interface Conditions {
  [condition: string]: string | Conditions;
}

/** Writes `exports` and `typesVersions`, where they are not what the table makes of them. */
export function writeManifest(path: string): void {
  const before = readFileSync(path, 'utf8');
  const manifest = JSON.parse(before) as object;
  const after = `${JSON.stringify({ ...manifest, ...entryPoints() }, null, 2)}\n`;
  if (after !== before) writeFileSync(path, after);
}

/** The part of package.json that is made of the table. */
export function entryPoints(): { exports: Conditions; typesVersions: object } {
  const names = Object.keys(ENTRIES).filter((name) => name !== 'index');
  const subpaths = [...names.map((name) => [name, name]), ...Object.entries(ALIASES)];
  const exports = subpaths.map(([subpath, entry]) => [`./${subpath}`, conditionsOf(entry)]);
  // TypeScript's `node10` resolution knows no `exports`.
  const types = subpaths.map(([subpath, entry]) => [subpath, [declarationsOf(entry)]]);
  return {
    exports: { '.': mainConditions(), ...Object.fromEntries(exports), './package.json': './package.json' },
    typesVersions: { '*': Object.fromEntries(types) },
  };
}

/**
 * The first condition that a tool knows is the one that counts. Bundlers and the other runtimes get ES modules. Node and
 * Jest get the CommonJS build, and `import` a list of its exports: so there is one copy of each class in a process
 * (docs/design/adr/0012). Where there is no Node, `sansocket` itself is `sansocket/native`.
 */
function conditionsOf(entry: string): Conditions {
  const modules = modulesOf(entry);
  // An entry with the same types everywhere names them first.
  return { types: typesOf(entry), deno: modules, bun: modules, workerd: modules, ...nodeConditions(entry) };
}

function mainConditions(): Conditions {
  return { ...nativeConditions(), types: typesOf('index'), ...nodeConditions('index') };
}

function nodeConditions(entry: string): Conditions {
  const modules = modulesOf(entry);
  return { module: modules, import: `./dist/commonjs/${entry}.mjs`, require: commonJsOf(entry), default: modules };
}

/** Runtimes, and bundlers that build for them, that have a WebSocket of their own and no Node. */
function nativeConditions(): Conditions {
  const target = { types: typesOf('native'), default: modulesOf('native') };
  // Jest's jsdom environment asks for `browser`, and can't take a module.
  const browser = {
    types: target.types,
    module: target.default,
    require: commonJsOf('native'),
    default: target.default,
  };
  return { deno: target, bun: target, workerd: target, worker: target, browser };
}

function typesOf(entry: string): Conditions {
  const modules = `./dist/commonjs/${entry}.d.mts`;
  // What is a class when it is required has declarations of its own for that.
  if (BY_DEFAULT.has(entry)) return { import: modules, require: `./dist/commonjs/${entry}.d.cts`, default: modules };
  return { import: modules, default: declarationsOf(entry) };
}

function modulesOf(entry: string): string {
  return `./dist/${entry}.js`;
}

function commonJsOf(entry: string): string {
  return `./dist/commonjs/${entry}.cjs`;
}

function declarationsOf(entry: string): string {
  return `./dist/types/${ENTRIES[entry].replace(/\.ts$/, '.d.ts')}`;
}

/**
 * Real packages that take `ws`, each with traffic, with `ws` itself and with `sansocket-ws` in its place by npm's overrides:
 * npm run ws-dependants [-- NAME…] [--folder FOLDER] [--docs]
 *
 * Each part is a program that prints what came of it; the two are to print the same. Packages are installed into a folder of
 * their own, which is kept for the next time when it is named. What can't be installed is skipped by name. With --docs, a
 * whole run in which all was the same writes the table of docs/ws.md.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { packWs } from '../../../build/pack-ws.ts';
import { run } from '../../support/run.ts';
import { freshBuild, ROOT } from '../../support/source.ts';
import { PACKAGES, RANGES } from './packages.ts';

const PARTS = join(ROOT, 'test/interop/ws-dependants/parts');
const TIMEOUT = 90_000;
const ALL = { recursive: true, force: true };

const DOCS = join(ROOT, 'docs/ws.md');
const [BEGIN, END] = ['<!-- dependants -->', '<!-- end of dependants -->'];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { folder: { type: 'string' }, docs: { type: 'boolean', default: false } },
});
if (values.docs && positionals.length > 0) throw new Error('--docs is for a run of all parts');
const names = readdirSync(PARTS)
  .map((file) => basename(file, '.cjs'))
  .filter((name) => positionals.length === 0 || positionals.includes(name));
const folder = values.folder === undefined ? mkdtempSync(join(tmpdir(), 'ws-dependants-')) : resolve(values.folder);

freshBuild();
try {
  install('control', {});
  install('face', overrides());
  checkOverridden();
  const same: string[] = [];
  for (const name of names) if (await tryOut(name)) same.push(name);
  if (values.docs && process.exitCode === undefined) writeTable(same);
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

/** What puts the face in the place of every `ws`: both packages as tarballs, as a registry would have them. */
function overrides(): { dependencies?: object; overrides?: object } {
  const tarballs = join(folder, 'tarballs');
  rmSync(tarballs, { recursive: true, force: true });
  mkdirSync(tarballs, { recursive: true });
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', tarballs], {
    cwd: ROOT,
  });
  const [{ filename }] = JSON.parse(packed.toString()) as [{ filename: string }];
  const face = `file:${packWs(tarballs)}`;
  const own = `file:${join(tarballs, filename)}`;
  return { dependencies: { ws: face, sansocket: own }, overrides: { ws: face, sansocket: own } };
}

function install(kind: string, more: { dependencies?: object; overrides?: object }): void {
  const place = join(folder, kind);
  mkdirSync(place, { recursive: true });
  cpSync(PARTS, place, { recursive: true });
  const wanted = Object.fromEntries(
    names.flatMap((name) => (PACKAGES[name] ?? []).map((one) => [one, 'latest'] as [string, string])),
  );
  for (const [name, range] of Object.entries(RANGES)) if (name in wanted) wanted[name] = range;
  const manifest = {
    private: true,
    dependencies: { ws: '^8', ...wanted, ...more.dependencies },
    overrides: more.overrides ?? {},
  };
  const path = join(place, 'package.json');
  const text = JSON.stringify(manifest, null, 2);
  if (kind === 'control' && existsSync(path) && readFileSync(path, 'utf8') === text) return;
  writeFileSync(path, text);
  rmSync(join(place, 'package-lock.json'), { force: true });
  // npm takes a tarball of the same name for the one that it has: what was tried would be that of the last time.
  for (const name of Object.keys(more.overrides ?? {})) rmSync(join(place, 'node_modules', name), ALL);
  rmSync(join(place, 'node_modules/.package-lock.json'), ALL);
  process.stdout.write(`${kind}: npm install …\n`);
  // Nothing of theirs is run while they are installed.
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'];
  execFileSync('npm', args, { cwd: place, stdio: 'inherit' });
}

/** Every `ws` that a package there would find is the face: what is nested is overridden, too. */
function checkOverridden(): void {
  const modules = join(folder, 'face/node_modules');
  const found = readdirSync(modules, { recursive: true, encoding: 'utf8' })
    .map((path) => join(modules, path))
    .filter((path) => path.endsWith(join('node_modules', 'ws', 'package.json')));
  const others = found.filter((path) => manifestOf(path).name !== 'sansocket-ws');
  if (found.length === 0 || others.length > 0) throw new Error(`not overridden: ${others.join() || 'ws is missing'}`);
}

/** Tries one out. Returns whether it did the same twice. */
async function tryOut(name: string): Promise<boolean> {
  const [control, face] = [await runPart('control', name), await runPart('face', name)];
  if (control.startsWith('SKIP')) {
    process.stdout.write(`${name}: skipped: ${control.slice(6).trim()}\n`);
  } else if (control.startsWith('0\n') && control.length > 2 && control === face) {
    process.stdout.write(`${name}: the same as with ws (${control.trim().split('\n').length - 1} lines)\n`);
    return true;
  } else {
    process.exitCode = 1;
    process.stdout.write(`${name}: DIFFERENT\n  with ws: ${indent(control)}\n  with the face: ${indent(face)}\n`);
  }
  return false;
}

async function runPart(kind: string, name: string): Promise<string> {
  const place = join(folder, kind);
  const missing = (PACKAGES[name] ?? []).find((one) => !existsSync(join(place, 'node_modules', one)));
  if (missing !== undefined) return `SKIP: ${missing} could not be installed`;
  const { exit, stdout, stderr } = await run(process.execPath, [`${name}.cjs`], place, TIMEOUT);
  if (stdout.startsWith('SKIP')) return stdout;
  return `${exit}\n${stdout}${exit === 0 ? '' : stderr}`;
}

/** Puts the packages, with their versions, and what is done with them into docs/ws.md. */
function writeTable(done: readonly string[]): void {
  const rows = done.map((name) => {
    const packages = (PACKAGES[name] ?? []).map((one) => {
      return `${one} ${manifestOf(join(folder, 'control/node_modules', one, 'package.json')).version}`;
    });
    const [first] = readFileSync(join(PARTS, `${name}.cjs`), 'utf8').split('\n');
    return `| ${packages.join(', ')} | ${first.replace(/^\/\/ |\.$/g, '')} |`;
  });
  const { version } = manifestOf(join(folder, 'control/node_modules/ws/package.json'));
  const table = [
    `With ${process.version.replace('v', 'Node ')}, beside ws ${version}:`,
    '',
    '| packages | what is done |',
  ];
  const text = readFileSync(DOCS, 'utf8');
  const [before, after] = [text.slice(0, text.indexOf(BEGIN) + BEGIN.length), text.slice(text.indexOf(END))];
  writeFileSync(DOCS, `${before}\n\n${[...table, '| --- | --- |', ...rows].join('\n')}\n\n${after}`);
}

function manifestOf(path: string): { name: string; version: string } {
  return JSON.parse(readFileSync(path, 'utf8')) as { name: string; version: string };
}

function indent(text: string): string {
  return text.trim().slice(0, 2000).replaceAll('\n', '\n    ');
}

/**
 * Runs the test suite of the `ws` package, of a checkout of it, against `sansocket/ws` as built, and compares with what is
 * expected: npm run ws-suite -- PATH [--update] [--own]
 *
 * The checkout is copied; what in its `lib/` has a counterpart here is put in the place of its own. Nothing of it is kept.
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { freshBuild, ROOT } from '../../support/source.ts';
import { run } from '../../support/run.ts';

/** The files about the public face. The others are about classes that are out of scope (docs/ws.md). */
const FILES = ['websocket', 'websocket-server', 'create-websocket-stream', 'event-target', 'extension', 'subprotocol'];

const EXPECTED = join(ROOT, 'test/interop/ws-suite/expected.json');

/** What each module of theirs is here. */
const MODULES: Readonly<Record<string, string>> = {
  index: 'face',
  'lib/websocket': 'face',
  'lib/websocket-server': 'face.WebSocketServer',
  'lib/stream': 'face.createWebSocketStream',
  'lib/sender': 'face.Sender',
  'lib/event-target': 'face',
  'lib/extension': 'face.extension',
  'lib/subprotocol': 'face.subprotocol',
};

/**
 * Two symbols of theirs, and an empty Buffer that is always the same one, which some tests look for: those of the face, as it
 * shows them.
 */
const CONSTANTS = `
const ws = new face(null, undefined, {});
ws.addEventListener('open', () => {});
const [listener] = ws.listeners('open');
const kListener = Object.getOwnPropertySymbols(listener).find(({ description }) => description === 'handler');
let EMPTY_BUFFER;
ws.on('close', (code, reason) => void (EMPTY_BUFFER = reason));
ws.emitClose();
module.exports = { ...module.exports, EMPTY_BUFFER, kListener };
`;

interface Result {
  readonly fullTitle: string;
  readonly err: { readonly message?: string };
}

interface Report {
  readonly tests: readonly Result[];
  readonly passes: readonly Result[];
  readonly failures: readonly Result[];
}

interface Expected {
  readonly version: string;
  readonly passed: number;
  readonly failed: readonly string[];
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { update: { type: 'boolean', default: false }, own: { type: 'boolean', default: false } },
});
if (positionals.length !== 1) throw new Error('usage: npm run ws-suite -- PATH-OF-A-CHECKOUT [--update] [--own]');
const checkout = resolve(positionals[0]);
const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string };
const mocha = locateMocha();
const folder = mkdtempSync(join(tmpdir(), 'sansocket-ws-suite-'));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  for (const part of ['index.js', 'lib', 'test', 'package.json']) {
    cpSync(join(checkout, part), join(folder, part), { recursive: true });
  }
  // With --own, the suite runs against what is in the checkout: what fails then is no doing of ours.
  if (!values.own) replaceModules(join(freshBuild(), 'commonjs/ws.cjs'));
  const passed: string[] = [];
  const failed = new Map<string, string>();
  for (const file of FILES) {
    const report = await runFile(file);
    for (const { fullTitle } of report.passes) passed.push(fullTitle);
    for (const { fullTitle, err } of report.failures) failed.set(fullTitle, err.message?.split('\n')[0] ?? '');
    process.stdout.write(`${file}: ${report.passes.length} pass, ${report.failures.length} fail\n`);
  }
  for (const [title, message] of failed) process.stdout.write(`- ${title}\n    ${message}\n`);
  process.stdout.write(`ws ${version}: ${passed.length} pass, ${failed.size} fail\n`);
  if (values.own) return;
  const now: Expected = { version, passed: passed.length, failed: [...failed.keys()].sort() };
  if (values.update) writeFileSync(EXPECTED, `${JSON.stringify(now, null, 2)}\n`);
  else compare(JSON.parse(readFileSync(EXPECTED, 'utf8')) as Expected, now);
}

function compare(expected: Expected, now: Expected): void {
  const isNew = now.failed.filter((title) => !expected.failed.includes(title));
  const isGone = expected.failed.filter((title) => !now.failed.includes(title));
  for (const title of isNew) process.stdout.write(`fails and is not expected to: ${title}\n`);
  for (const title of isGone) process.stdout.write(`is expected to fail and does not: ${title}\n`);
  if (expected.version !== now.version) process.stdout.write(`the expectations are those of ${expected.version}\n`);
  if (isNew.length > 0 || (isGone.length > 0 && expected.version === now.version)) process.exitCode = 1;
}

function replaceModules(face: string): void {
  for (const [name, expression] of Object.entries(MODULES)) {
    const text = `const face = require(${JSON.stringify(face)});\nmodule.exports = ${expression};\n`;
    writeFileSync(join(folder, `${name}.js`), text);
  }
  appendFileSync(join(folder, 'lib/constants.js'), `\nconst face = require(${JSON.stringify(face)});\n${CONSTANTS}`);
}

async function runFile(file: string): Promise<Report> {
  const args = [mocha, '--reporter', 'json', '--timeout', '6000', '--exit', `test/${file}.test.js`];
  const { stdout, stderr } = await run(process.execPath, args, folder, 600_000);
  const start = stdout.indexOf('{\n  "stats"');
  if (start < 0) throw new Error(`${file}: no report\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`);
  return JSON.parse(stdout.slice(start)) as Report;
}

/** The checkout's own mocha, or one that is installed into a folder for it. */
function locateMocha(): string {
  const cached = join(tmpdir(), 'sansocket-ws-suite-mocha');
  const bin = 'node_modules/mocha/bin/mocha';
  if (existsSync(join(checkout, bin))) return join(checkout, bin);
  if (!existsSync(join(cached, bin))) {
    mkdirSync(cached, { recursive: true });
    execFileSync('npm', ['install', '--prefix', cached, '--no-audit', '--no-fund', 'mocha@8'], { stdio: 'inherit' });
  }
  return join(cached, bin);
}

/**
 * `npm run wpt -- PATH [PART…]`: runs the files of `websockets/` in a checkout of web-platform-tests on our WHATWG classes,
 * beside the WebSocket that this Node has, against the tests' own server (pywebsocket3, which the checkout has). PARTs
 * choose files by what their names hold. The files that docs/conformance.md says to be a page's matter are left out. Needs python3;
 * prints a table of what did not pass.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { makeCertificate } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { ROOT } from '../support/source.ts';

/** testharness.js: the statuses of a test, and of a file. */
const STATUSES = ['PASS', 'FAIL', 'TIMEOUT', 'NOTRUN', 'PRECONDITION_FAILED'];

interface Result {
  readonly results: readonly { readonly name: string; readonly code: number; readonly message: string }[];
  readonly status: { readonly status: number; readonly message: string };
}

interface Count {
  passed: number;
  failed: number;
}

const [path, ...parts] = process.argv.slice(2);
if (path === undefined || !existsSync(join(path, 'websockets'))) {
  console.error('npm run wpt -- PATH [PART…]: PATH is a checkout of web-platform-tests, with websockets/ in it');
  process.exit(64);
}

const folder = mkdtempSync(join(tmpdir(), 'sansocket-wpt-'));
const servers: ChildProcess[] = [];
try {
  process.exitCode = (await run(path)) ? 0 : 1;
} finally {
  for (const server of servers) server.kill();
  rmSync(folder, { recursive: true });
}

async function run(root: string): Promise<boolean> {
  const { key, cert } = makeCertificate('DNS:localhost,DNS:*.localhost');
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  writeFileSync(keyFile, key);
  writeFileSync(certFile, cert);
  const ports = {
    ws: await serve(root, []),
    wss: await serve(root, ['--tls', '--private-key', keyFile, '--certificate', certFile]),
  };
  const implementations = { ours: join(ROOT, 'dist/web.js'), node: undefined };
  const sums: Record<string, Count> = {};
  for (const file of filesIn(root)) {
    for (const variant of variantsOf(root, file)) {
      for (const [name, implementation] of Object.entries(implementations)) {
        // Node has no WebSocketStream among its globals.
        if (name === 'node' && file.includes('/stream/')) continue;
        const job = { root, file, variant, implementation, ports };
        const { results, status } = await page(job, certFile);
        const sum = (sums[name] ??= { passed: 0, failed: 0 });
        const passed = results.filter(({ code }) => code === 0).length;
        sum.passed += passed;
        sum.failed += results.length - passed + (status.status === 0 ? 0 : 1);
        for (const { name: test, code, message } of results) {
          if (code !== 0) tell(name, file + variant, `${STATUSES[code]}: ${test}: ${message}`);
        }
        if (status.status !== 0) tell(name, file + variant, `the file: ${status.message}`);
      }
    }
  }
  console.log(`\nNode ${process.versions.node}:`);
  for (const [name, { passed, failed }] of Object.entries(sums)) {
    console.log(`${name}: ${passed} subtests passed, ${failed} failed`);
  }
  return sums.ours !== undefined && sums.ours.failed === 0;
}

function tell(name: string, file: string, what: string): void {
  console.log(`${name} | ${file} | ${what.replaceAll(/\s+/g, ' ').slice(0, 600)}`);
}

/** The tests' own server. Resolves to its port. */
async function serve(root: string, more: readonly string[]): Promise<number> {
  const port = await freePort();
  const thirdParty = join(root, 'tools/third_party');
  const library = [join(thirdParty, 'pywebsocket3'), join(thirdParty, 'six'), join(root, 'tools'), root].join(':');
  const handlers = join(root, 'websockets/handlers');
  const options = [
    '-H',
    'localhost',
    '-p',
    String(port),
    '-d',
    root,
    '-w',
    handlers,
    '--log-level',
    'critical',
    ...more,
  ];
  const child = spawn('python3', ['-m', 'pywebsocket3.standalone', ...options], {
    env: { ...process.env, PYTHONPATH: library },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  servers.push(child);
  for (;;) {
    if (child.exitCode !== null) throw new Error('the tests’ own server did not start');
    const socket = connect(port, 'localhost');
    const isUp = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isUp) return port;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The files that are a page's matter, as the table of docs/conformance.md has them. */
function leftOut(): Set<string> {
  const rows = readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8').matchAll(/^\| (\S+) \| none: /gm);
  return new Set([...rows].map(([, name]) => `websockets/${name}`));
}

function filesIn(root: string): string[] {
  const none = leftOut();
  return (
    readdirSync(join(root, 'websockets'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(any\.js|window\.js|html?)$/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .filter((file) => !/\/(support|resources)\//.test(file))
      .filter((file) => !none.has(file))
      // Other pages are parts of tests.
      .filter((file) => file.endsWith('.js') || readFileSync(join(root, file), 'utf8').includes('testharness.js'))
      .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
      .sort()
  );
}

/** Each once over ws and once over wss, where a file makes that difference. The server has no HTTP/2. */
function variantsOf(root: string, file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern = file.endsWith('.js')
    ? /^\/\/ META: variant=(.*)$/gm
    : /<meta name=["']?variant["']? content=["']([^"']*)["']/g;
  const variants = [...text.matchAll(pattern)]
    .map(([, variant]) => variant.trim())
    .filter((one) => !one.includes('h2'));
  return variants.length === 0 ? [''] : variants;
}

async function page(job: { root: string; file: string; variant: string }, certFile: string): Promise<Result> {
  const isLong = /timeout["']?\s*[=:]?\s*(content=)?["']?long/.test(readFileSync(join(job.root, job.file), 'utf8'));
  const child = spawn(
    process.execPath,
    [join(ROOT, 'test/wpt/page.js'), JSON.stringify({ ...job, timeout: isLong ? 40_000 : 15_000 })],
    { env: { ...process.env, NODE_EXTRA_CA_CERTS: certFile, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  await once(child, 'close');
  try {
    return JSON.parse(output) as Result;
  } catch {
    return { results: [], status: { status: 1, message: 'it could not be run' } };
  }
}

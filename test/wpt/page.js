/**
 * Runs one file of a checkout of web-platform-tests in place of a page, in a process of its own, and prints what its tests came
 * to as JSON. Its argument is JSON: see main.ts. There is no document: what needs one fails, and says so.
 */
import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { runInThisContext } from 'node:vm';

const { root, file, variant, implementation, ports, timeout } = JSON.parse(process.argv[2]);
const folder = dirname(join(root, file));

if (implementation !== undefined) {
  const { WebSocket, WebSocketStream, WebSocketError, CloseEvent } = await import(implementation);
  for (const [name, value] of Object.entries({ WebSocket, WebSocketStream, WebSocketError, CloseEvent })) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

// Names below localhost are this machine, as they are to a browser.
const { lookup } = dns;
dns.lookup = (name, ...rest) => lookup(name.endsWith('.localhost') ? 'localhost' : name, ...rest);

const scope = {
  self: globalThis,
  window: globalThis,
  location: new URL(`http://localhost/${file}${variant}`),
  GLOBAL: { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false },
  fetch: async (path) => new Response(readFileSync(join(root, path))),
};
// As to a worker, there is no window, but for the files that are pages.
if (!file.endsWith('.html')) delete scope.window;
for (const [name, value] of Object.entries(scope)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}

/** What the tests' own server would put in. */
const VALUES = { host: 'localhost', 'hosts[alt][www]': 'localhost', 'hosts[][]': 'localhost' };
for (const scheme of ['ws', 'wss', 'h2']) VALUES[`ports[${scheme}][0]`] = String(ports[scheme] ?? 0);

/** What that server has under another name. */
const ELSEWHERE = { '/resources/WebIDLParser.js': '/resources/webidl2/lib/webidl2.js' };

function textOf(path) {
  const bytes = readFileSync(path);
  const [, charset = 'utf-8'] = /<meta charset=["']?([\w-]+)/.exec(bytes.toString('latin1')) ?? [];
  const text = new TextDecoder(charset).decode(bytes);
  return path.includes('.sub.') ? text.replace(/\{\{([^}]+)\}\}/g, (_, name) => VALUES[name] ?? 'localhost') : text;
}

function scriptsOf(path) {
  const find = (src) =>
    (src.startsWith('/') ? join(root, ELSEWHERE[src] ?? src) : resolve(folder, src)).replace(/[?#].*$/, '');
  const load = (src) => ({ code: textOf(find(src)), filename: find(src) });
  const text = textOf(path);
  if (path.endsWith('.js')) {
    const sources = [...text.matchAll(/^\/\/ META: script=(.+)$/gm)].map(([, src]) => load(src.trim()));
    return [...sources, { code: text, filename: path }];
  }
  return [...text.matchAll(/<script([^>]*)>([^]*?)<\/script>/gi)]
    .map(([, attributes, code]) => {
      const [, src] = /src=["']?([^"'\s>]+)/i.exec(attributes) ?? [];
      if (src === undefined) return { code, filename: path };
      return /testharness(report)?\.js/.test(src) ? undefined : load(src);
    })
    .filter((script) => script !== undefined);
}

let isOver = false;
function report(tests, status) {
  if (isOver) return;
  isOver = true;
  const results = tests.map(({ name, status: code, message }) => ({ name, code, message: message ?? '' }));
  process.stdout.write(JSON.stringify({ results, status }), () => process.exit());
}

runInThisContext(readFileSync(join(root, 'resources/testharness.js'), 'utf8'), 'testharness.js');
// What idlharness.js knows a worker by; testharness.js would speak to one by messages.
globalThis.DedicatedWorkerGlobalScope = class {
  static [Symbol.hasInstance](value) {
    return value === globalThis;
  }
};
const seen = [];
globalThis.add_result_callback((test) => seen.push(test));
globalThis.add_completion_callback((tests, { status, message }) => report(tests, { status, message: message ?? '' }));
globalThis.setTimeout(() => report(seen, { status: 2, message: 'the file did not end in time' }), timeout);
process.on('uncaughtException', (error) => report(seen, { status: 1, message: String(error) }));
for (const { code, filename } of scriptsOf(join(root, file))) runInThisContext(code, { filename });

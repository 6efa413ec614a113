/**
 * A real Chromium, which speaks to our server over ws:, wss: and HTTP/2, and runs the built core in a page and in a
 * worker. Where there is none, these tests are skipped by name: `apt-get install chromium`.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { transform } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen, type Server, type WebSocket } from '../../drivers/index.ts';
import { makeCertificate } from '../support/certificates.ts';
import { hasChromium, startChromium } from '../support/chromium.ts';
import { programsOf } from '../support/markdown.ts';
import { freshBuild, ROOT } from '../support/source.ts';

const KINDS = ['ws', 'wss', 'HTTP/2'] as const;
type Kind = (typeof KINDS)[number];

const GUIDE = 'docs/guides/browsers.md';
const programs = programsOf(GUIDE, readFileSync(join(ROOT, GUIDE), 'utf8'));
const SCRIPT = readFileSync(join(ROOT, 'test/interop/chromium-page.js'), 'utf8');

describe.skipIf(!hasChromium)('Chromium (skipped without Debian’s chromium)', () => {
  const servers = new Map<Kind, Server>();
  const pages = new Map<Kind, Page>();
  /** The newest connection by the path that it asked for. */
  const accepted = new Map<string, WebSocket>();
  let browser: Browser;
  let context: BrowserContext;

  async function serve(ws: WebSocket): Promise<void> {
    const { path, version } = ws.request!;
    accepted.set(path, ws);
    if (path === '/goodbye') return void (await ws.close(4002, 'see you'));
    if (path === '/version') await ws.send(version);
    for await (const message of ws) await ws.send(message);
  }

  beforeAll(async () => {
    const dist = freshBuild();
    const scripts = new Map<string, string>([['/page.js', SCRIPT]]);
    for (const [i, { code }] of programs.entries()) scripts.set(`/program-${i}.js`, await forBrowser(code));
    const onRequest = ({ path }: { path: string }) => {
      if (path === '/') return answer('text/html', '<!doctype html><script src="/page.js"></script>');
      const file = join(dist, normalize(path.replace(/^\/dist\//, '/')));
      const script = scripts.get(path) ?? (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
      return script === undefined ? { status: 404 } : answer('text/javascript', script);
    };
    const tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
    const common = { host: '127.0.0.1', port: 0, compress: true, subprotocols: ['echo'], onRequest };
    servers.set('ws', await listen(common, serve));
    servers.set('wss', await listen({ ...common, tls }, serve));
    servers.set('HTTP/2', await listen({ ...common, tls, http2: true }, serve));
    browser = await startChromium();
    context = await browser.newContext({ ignoreHTTPSErrors: true });
    for (const kind of KINDS) pages.set(kind, await newPage(kind));
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await Promise.all([...servers.values()].map((server) => server.close({ timeout: 1000 })));
  }, 30_000);

  async function newPage(kind: Kind): Promise<Page> {
    const page = await context.newPage();
    await page.goto(servers.get(kind)!.url.replace('ws', 'http'));
    return page;
  }

  describe.each(KINDS)('over %s', (kind) => {
    /** Has this kind's page (or another's) do something with a URL of this kind's server. */
    const inPage = (what: string, path: string, on = kind) =>
      evaluate(pages.get(on)!, what, servers.get(kind)!.url + path);

    test(`is ${kind === 'HTTP/2' ? 'an extended CONNECT of HTTP/2' : 'an upgrade of HTTP/1.1'}`, async () => {
      // Chromium sends an extended CONNECT only on the connection that a page has come by.
      await pages.get(kind)!.reload();
      expect(await inPage('version', '/version')).toEqual(Array(8).fill(kind === 'HTTP/2' ? '2' : '1.1'));
    });

    test('text and bytes come back as they were, small, empty and of 3 MiB, compressed', async () => {
      const seen = await inPage('echo', '/echo');
      expect(seen).toEqual({ protocol: 'echo', extensions: 'permessage-deflate', equal: Array(7).fill(true) });
    });

    test('a page that closes is answered, and its code and reason are told', async () => {
      expect(await inPage('close', '/close')).toEqual({ code: 4001, reason: 'done', wasClean: true });
      const info = await accepted.get('/close')!.closed;
      expect(info).toMatchObject({ code: 4001, reason: 'done', clean: true, first: 'received' });
    });

    test('a server that closes is answered, and its code and reason are told', async () => {
      expect(await inPage('beClosed', '/goodbye')).toEqual({ code: 4002, reason: 'see you', wasClean: true });
      expect(await accepted.get('/goodbye')!.closed).toMatchObject({ code: 4002, clean: true, first: 'sent' });
    });

    test('a page that closes behind a message of 3 MiB holds up nobody else', async () => {
      expect(await inPage('leave', '/echo')).toEqual(['before', 'after']);
    });

    test('a page of another origin is refused with 403, and is told nothing of it', async () => {
      const reasons: (string | undefined)[] = [];
      const onClose = (message: unknown) => reasons.push((message as { info: { error?: Error } }).info.error?.message);
      subscribe('sansocket:close', onClose);
      const seen = await inPage('beRefused', '/secret', kind === 'ws' ? 'wss' : 'ws');
      await expect.poll(() => reasons).toContain('the request was refused with 403');
      unsubscribe('sansocket:close', onClose);
      expect(seen).toEqual({ events: ['error'], code: 1006, wasClean: false });
      expect(accepted.has('/secret')).toBe(false);
    });
  });

  describe.each(programs.map((program, i) => ({ ...program, i })))('the program at $at', ({ i, prints }) => {
    test.each(['page', 'worker'])('prints in a %s what it prints in Node', async (place) => {
      const page = await newPage('HTTP/2');
      const lines = prints!.trimEnd().split('\n');
      expect(await evaluate(page, 'program', { path: `/program-${i}.js`, place, count: lines.length })).toEqual(lines);
      await page.close();
    });
  });
});

/** Calls one of the functions of chromium-page.js. */
function evaluate(page: Page, what: string, argument: unknown): Promise<unknown> {
  return page.evaluate(([name, it]) => (globalThis as any).inPage[name as string](it), [what, argument]);
}

function answer(type: string, body: string) {
  return { status: 200, headers: { 'Content-Type': type }, body };
}

/** What a bundler would make of it: JavaScript whose imports a browser finds. */
async function forBrowser(code: string): Promise<string> {
  const script = await transform(code, { loader: 'ts', target: 'es2022' });
  return script.code.replace(/from\s*"sansocket\/(\w+)"/g, 'from "/dist/$1.js"');
}

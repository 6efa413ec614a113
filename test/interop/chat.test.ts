/** docs/examples/chat as its README says: three processes behind HAProxy on Redis, two pages in Chromium, and one process killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has, type ServerProcess, startRedis } from '../drivers/topics/servers.ts';
import { freePort } from '../support/free-port.ts';
import { hasChromium, startChromium } from '../support/chromium.ts';
import { freshBuild, ROOT } from '../support/source.ts';

const HAPROXY = '/usr/sbin/haproxy';
const isThere = hasChromium && existsSync(HAPROXY) && has('redis-server');

describe.skipIf(!isThere)('the chat (skipped without Debian’s chromium, haproxy and redis-server)', () => {
  const processes: ChildProcess[] = [];
  let folder: string;
  let redis: ServerProcess;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    freshBuild();
    folder = mkdtempSync(join(tmpdir(), 'sansocket-chat-'));
    cpSync(join(ROOT, 'docs/examples/chat'), folder, { recursive: true });
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(ROOT, join(folder, 'node_modules/sansocket'));
    symlinkSync(join(ROOT, 'node_modules/redis'), join(folder, 'node_modules/redis'));
    redis = await startRedis();
    const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    let configuration = readFileSync(join(folder, 'haproxy.cfg'), 'utf8');
    ports.forEach((port, i) => (configuration = configuration.replace(`127.0.0.1:808${i}`, `127.0.0.1:${port}`)));
    writeFileSync(join(folder, 'haproxy.cfg'), configuration);
    for (const port of ports.slice(1)) {
      const child = spawn(process.execPath, ['server.mjs', String(port), String(redis.port)], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      processes.push(child);
      await new Promise((resolve) => child.stdout!.once('data', resolve));
    }
    processes.push(spawn(HAPROXY, ['-db', '-f', 'haproxy.cfg'], { cwd: folder, stdio: 'ignore' }));
    url = `http://127.0.0.1:${ports[0]}/`;
    browser = await startChromium();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    for (const child of processes) child.kill('SIGKILL');
    await redis?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  async function open(): Promise<Page> {
    const page = await browser.newPage();
    for (let tries = 0; tries < 50; tries++) {
      const response = await page.goto(url).catch(() => null);
      if (response?.ok() === true) break;
    }
    await page.waitForFunction("document.querySelector('#state').textContent === 'connected'");
    return page;
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.fill('#text', text);
    await page.click('button');
  }

  const messages = (page: Page): Promise<string[]> => page.locator('#messages li').allTextContents();

  test('two pages see one order, and go on at another process when theirs is killed', { timeout: 60_000 }, async () => {
    const pages = [await open(), await open()];
    for (let i = 0; i < 6; i++) await say(pages[i % 2]!, `message ${i}`);
    for (const page of pages) await page.waitForFunction("document.querySelectorAll('#messages li').length === 6");
    processes[0]!.kill('SIGKILL');
    for (let i = 6; i < 12; i++) await say(pages[i % 2]!, `message ${i}`);
    for (const page of pages) await page.waitForFunction("document.querySelectorAll('#messages li').length === 12");
    const [first, second] = await Promise.all(pages.map(messages));
    expect(second).toEqual(first);
    expect([...first!].sort()).toEqual(Array.from({ length: 12 }, (_, i) => `message ${i}`).sort());
  });
});

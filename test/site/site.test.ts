/** A real Chromium walks the built site: `npm run docs:test`. */
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { referencePage } from '../../docs/.vitepress/contents.ts';
import { ENTRIES } from '../../build/entries.ts';
import type { Server } from '../../drivers/index.ts';
import { reportPath } from '../support/api-report.ts';
import { hasChromium, startChromium } from '../support/chromium.ts';
import { filesBelow } from '../support/source.ts';
import { serveSite, sitePages } from './serve.ts';

/** What a page shows and asks for. */
interface Seen {
  readonly links: readonly string[];
  readonly anchors: ReadonlySet<string>;
  readonly overflow: number;
  readonly unnamed: readonly string[];
}

const paths = sitePages();

describe.skipIf(!hasChromium || paths.length === 0)(
  'the site (skipped without `npm run docs` and Debian’s chromium)',
  () => {
    const seen = new Map<string, Seen>();
    /** What any page has asked for elsewhere, and what it complained of. */
    const elsewhere: string[] = [];
    const complaints: string[] = [];
    let server: Server;
    let origin: string;
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;

    beforeAll(async () => {
      server = await serveSite();
      origin = `http://127.0.0.1:${server.port}`;
      browser = await startChromium();
      context = await browser.newContext({ viewport: { width: 375, height: 800 } });
      await context.route(
        ({ origin: asked }) => asked !== origin,
        (route) => {
          elsewhere.push(route.request().url());
          return route.abort();
        },
      );
      page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(`${page.url()}: ${message.text()}`);
      });
      for (const path of paths) seen.set(path, await look(page, origin + path));
    }, 240_000);

    afterAll(async () => {
      await browser?.close();
      await server?.close({ timeout: 0 });
    }, 30_000);

    test('has a page for each of docs/, and for each entry of the package', () => {
      const sources = filesBelow('docs', '.md')
        .map(({ path }) => path.replace(/^docs/, '').replace(/README\.md$/, 'index.md'))
        .filter((path) => !path.startsWith('/examples/') && !path.includes('['))
        .map((path) => path.replace(/md$/, 'html'));
      expect(sources.filter((path) => !paths.includes(path))).toEqual([]);
      expect(Object.keys(ENTRIES).filter((entry) => !paths.includes(`/${referencePage(entry)}.html`))).toEqual([]);
    });

    test.each(Object.keys(ENTRIES))('the reference of %s has every export', (entry) => {
      const [report] = readFileSync(reportPath(entry), 'utf8').split('\n# Named above');
      const names = [...report.matchAll(/^## (\S+)$/gm)].map(([, name]) => name);
      expect(names.length).toBeGreaterThan(0);
      const { anchors } = seen.get(`/${referencePage(entry)}.html`)!;
      const counts = new Map<string, number>();
      for (const name of names) counts.set(name.toLowerCase(), (counts.get(name.toLowerCase()) ?? 0) + 1);
      // `listen` and `Listen` have the same anchor but for a number.
      const wanted = [...counts].flatMap(([name, count]) => [name, ...(count > 1 ? [`${name}-1`] : [])]);
      expect(wanted.filter((name) => !anchors.has(name))).toEqual([]);
    });

    test('every link within it leads to a page, and to a place on it', () => {
      const broken = [...seen].flatMap(([from, { links }]) =>
        links.filter((href) => !leadsSomewhere(href)).map((href) => `${from} → ${href}`),
      );
      expect(broken).toEqual([]);
      expect([...seen.values()].flatMap(({ links }) => links).length).toBeGreaterThan(500);
    });

    test('every page can be come to from the first', () => {
      const reached = new Set(['/index.html']);
      for (const path of reached) {
        for (const href of seen.get(path)?.links ?? []) {
          if (href.startsWith(origin)) reached.add(pageOf(href));
        }
      }
      expect(paths.filter((path) => !reached.has(path))).toEqual([]);
    });

    test('every page fits a phone', () => {
      expect([...seen].filter(([, { overflow }]) => overflow > 0).map(([path]) => path)).toEqual([]);
    });

    test('everything that can be operated has a name', () => {
      expect([...seen].flatMap(([path, { unnamed }]) => unnamed.map((one) => `${path}: ${one}`))).toEqual([]);
    });

    test('a search for backpressure finds its guide', async () => {
      await page.goto(`${origin}/start.html`);
      await page.getByRole('button', { name: 'Search' }).first().click();
      await page.locator('#localsearch-input').fill('backpressure');
      const results = page.locator('#localsearch-list a');
      await results.first().waitFor();
      const found = await results.evaluateAll((all) => all.map((one) => (one as unknown as URL).pathname));
      expect(found[0]).toBe('/guides/backpressure.html');
    });

    test('it is dark for who wants it dark', async () => {
      const dark = await browser.newPage({ colorScheme: 'dark' });
      await dark.goto(`${origin}/playground.html`);
      const colour = await dark.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(
        colour.match(/\d+/g)!.every((part) => Number(part) < 64),
        colour,
      ).toBe(true);
      await dark.close();
    });

    describe('the playground', () => {
      let bytes: Locator;
      let link: Locator;
      const steps = (): Promise<string[]> => bytes.locator('#bytes-steps tbody tr').allInnerTexts();

      beforeAll(async () => {
        await page.setViewportSize({ width: 1280, height: 900 });
        await page.goto(`${origin}/playground.html`);
        bytes = page.locator('#bytes');
        link = page.locator('#link');
      });

      /** Chooses an example, and returns the cells of each line: piece, frames, events, state, output. */
      async function example(title: string): Promise<string[][]> {
        await bytes.getByLabel('Begin with').selectOption({ label: title });
        return (await steps()).map((row) => row.split('\t').map((cell) => cell.trim()));
      }

      // RFC 6455 §5.7, in its order; what is expected is what is said there of each.
      test.each([
        ['A text message, not masked', [['81 05 48 65 6c 6c 6f', 'text, 5 B, FIN', 'text "Hello"', 'OPEN', '']]],
        [
          'A text message, masked',
          [['81 85 37 fa 21 3d 7f 9f 4d 51 58', 'text, 5 B, FIN', 'text "Hello"', 'OPEN', '']],
        ],
        [
          'A text message in two fragments',
          [
            ['01 03 48 65 6c', 'text, 3 B, no FIN', '', 'OPEN', ''],
            ['80 02 6c 6f', 'continuation, 2 B, FIN', 'text "Hello"', 'OPEN', ''],
          ],
        ],
        ['A pong', [['8a 85 37 fa 21 3d 7f 9f 4d 51 58', 'pong, 5 B, FIN', 'pong 48 65 6c 6c 6f', 'OPEN', '']]],
      ])('shows the example of RFC 6455 §5.7: %s', async (title, rows) => {
        expect(await example(title)).toEqual(rows);
      });

      test('answers the ping of RFC 6455 §5.7 with a masked pong of the same body', async () => {
        const [[piece, frames, events, , output]] = await example('A ping, which is answered');
        expect([piece, frames, events]).toEqual(['89 05 48 65 6c 6c 6f', 'ping, 5 B, FIN', 'ping 48 65 6c 6c 6f']);
        const [frame] = output.split('\n');
        const [first, second, ...rest] = frame.split(' ').map((byte) => Number.parseInt(byte, 16));
        expect([first, second]).toEqual([0x8a, 0x85]);
        const payload = rest.slice(4).map((byte, i) => byte ^ rest[i % 4]);
        expect(String.fromCharCode(...payload)).toBe('Hello');
      });

      test('shows 256 bytes as a binary message', async () => {
        const [[piece, frames, events]] = await example('256 bytes, as a binary message');
        expect([piece, frames]).toEqual([expect.stringMatching(/^82 7e 01 00 .*260 bytes\)$/), 'binary, 256 B, FIN']);
        expect(events).toMatch(/^binary 00 00/);
      });

      test('shows the same, however the stream is cut', async () => {
        await example('A text message, masked');
        await bytes.getByRole('button', { name: 'Byte by byte' }).click();
        expect((await steps()).join('\n')).toMatch(/text, 5 B, FIN[^]*text "Hello"/);
        await bytes.getByRole('button', { name: 'Whole' }).click();
        await bytes.getByRole('button', { name: /^byte 4,/ }).click();
        expect((await steps()).map((row) => row.split('\t')[0].trim())).toEqual([
          '81 85 37 fa',
          '21 3d 7f 9f 4d 51 58',
        ]);
      });

      test('names the section of the RFC that a fault breaks', async () => {
        await example('A client’s frame without a mask');
        await expect.poll(() => bytes.getByRole('link', { name: 'RFC 6455 §5.1' }).count()).toBe(1);
        await bytes.getByLabel('Bytes, as hex').fill('81 82 00 00 00 00 c3 28');
        await expect.poll(() => bytes.getByRole('link', { name: 'RFC 6455 §8.1' }).count()).toBe(1);
      });

      test('says what is wrong with what are no bytes', async () => {
        await bytes.getByLabel('Bytes, as hex').fill('81 0x 5g');
        expect(await bytes.getByRole('status').innerText()).toContain("'g' is no hex digit");
      });

      test('answers an opening handshake with the key of RFC 6455 §1.3, and refuses one that is edited', async () => {
        await example('A request, accepted');
        expect((await steps())[0]).toContain('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
        const head = bytes.getByLabel(/^The request/);
        await head.fill((await head.inputValue()).replace('Host:', 'Hist:'));
        await expect.poll(async () => (await steps())[0]).toContain('400 Bad Request');
      });

      test('draws two connections over a link, step by step', async () => {
        const drawn = (): Promise<string> => link.locator('svg').innerHTML();
        expect(await drawn()).toContain('closed 1000, clean');
        await link.getByRole('button', { name: 'First' }).click();
        await expect.poll(drawn).not.toContain('opening handshake');
        await link.getByRole('button', { name: 'Next' }).click();
        await expect.poll(drawn).toContain('GET / (opening handshake)');
        await link.getByLabel('Begin with').selectOption('The cable is cut');
        await expect.poll(drawn).toContain('(pongTimeout) (RFC 6455 §5.5.2)'.split(' ')[0]);
        await link.getByLabel('Latency, ms').fill('70');
        await expect.poll(drawn).toContain('>70 ms<');
      });
    });

    // Last, for it holds for all that was done before.
    test('no page complained, and none asked for anything elsewhere', () => {
      expect({ complaints, elsewhere }).toEqual({ complaints: [], elsewhere: [] });
    });

    function leadsSomewhere(href: string): boolean {
      if (!href.startsWith(`${origin}/`)) return true;
      const { hash } = new URL(href);
      const target = seen.get(pageOf(href));
      return target !== undefined && (hash === '' || target.anchors.has(decodeURIComponent(hash.slice(1))));
    }
  },
);

function pageOf(href: string): string {
  const { pathname } = new URL(href);
  return pathname.endsWith('/') ? `${pathname}index.html` : pathname;
}

/** Loads a page, waits until it runs, and reads what is on it. */
async function look(page: Page, url: string): Promise<Seen> {
  await page.goto(url);
  await page.waitForFunction("document.querySelector('#app').__vue_app__ !== undefined");
  const { anchors, ...rest } = await page.evaluate(() => {
    const { document } = globalThis as any;
    const all = (selector: string): any[] => [...document.querySelectorAll(selector)];
    return {
      links: all('a').flatMap(({ href }): string[] => (href === '' ? [] : [href])),
      anchors: all('[id]').map(({ id }): string => id),
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      unnamed: all('main :is(input, select, textarea, button, summary)')
        .filter((one) => !one.labels?.length && !one.ariaLabel && !one.title && !one.textContent.trim())
        .map((one): string => one.outerHTML.slice(0, 100)),
    };
  });
  return { ...rest, anchors: new Set(anchors) };
}

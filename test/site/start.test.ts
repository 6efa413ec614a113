/** What the first page promises: after the install, a chat in two windows of a browser. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { hasChromium, startChromium } from '../support/chromium.ts';
import { freshBuild, ROOT } from '../support/source.ts';

test.skipIf(!hasChromium)(
  'the chat of docs/start.md runs in two windows (skipped without Debian’s chromium)',
  async () => {
    freshBuild();
    const folder = mkdtempSync(join(tmpdir(), 'sansocket-start-'));
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(ROOT, join(folder, 'node_modules/sansocket'));
    // As a reader copies it: the first block of JavaScript, and nothing that is hidden.
    const [, program] = /^```js\n([^]*?)^```$/m.exec(readFileSync(join(ROOT, 'docs/start.md'), 'utf8'))!;
    const port = await freePort();
    writeFileSync(join(folder, 'chat.mjs'), program.replaceAll('8080', String(port)));
    const server = spawn(process.execPath, ['chat.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve) => server.once('exit', resolve));
    const browser = await startChromium();
    try {
      for await (const line of createInterface({ input: server.stdout })) if (line.startsWith('Open ')) break;
      const [here, there] = [await browser.newPage(), await browser.newPage()];
      for (const page of [here, there]) await page.goto(`http://127.0.0.1:${port}/`);
      await here.getByLabel('Message').fill('hello <b>there</b>');
      await here.getByRole('button', { name: 'Send' }).click();
      for (const page of [here, there]) {
        await expect.poll(() => page.getByRole('listitem').allInnerTexts()).toEqual(['hello <b>there</b>']);
      }
      server.kill('SIGINT');
      expect(await ended).toBe(0);
    } finally {
      server.kill('SIGKILL');
      await browser.close();
      rmSync(folder, { recursive: true });
    }
  },
  60_000,
);

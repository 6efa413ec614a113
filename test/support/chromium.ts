import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Debian's. */
const CHROMIUM = '/usr/bin/chromium';

/** Whether there is one; tests that want it skip themselves otherwise. */
export const hasChromium = existsSync(CHROMIUM);

/** Starts it, without a window and without its calls home. */
export function startChromium(): Promise<Browser> {
  const args = [
    ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    ...['--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  ];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** Browsers without a window: the page that they show is the peer. */
import { debianVersion, peer, type Stack } from './stack.ts';

function browser(name: string, debian: string, command: readonly string[], advice?: string): Stack {
  return {
    name,
    roles: ['client'],
    debian: [debian],
    command: () => [process.execPath, peer('browser-peer.mjs')],
    suffix: () => command,
    serverOptions: () => ({ allowedOrigins: '*' }),
    version: () => debianVersion(debian),
    advice,
  };
}

export const BROWSERS: readonly Stack[] = [
  browser(
    'Chromium',
    'chromium',
    [
      ...['/usr/bin/chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
      ...['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ...['--user-data-dir=PROFILE', 'PAGE'],
    ],
    'a page’s answers to messages that come with a Close frame are lost: wait for them before `close()`',
  ),
  browser('Firefox', 'firefox-esr', [
    ...['/usr/bin/firefox-esr', '--headless', '--no-remote', '--profile', 'PROFILE', 'PAGE'],
  ]),
];

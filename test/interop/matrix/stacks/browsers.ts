/** Browsers without a window: the page that they show is the peer. */
import { NO_1012 } from './advice.ts';
import { debianVersion, peer, type Stack } from './stack.ts';

function browser(
  name: string,
  debian: string,
  command: readonly string[],
  advice?: string,
  more: readonly string[] = [],
): Stack {
  return {
    name,
    roles: ['client'],
    debian: [debian, ...more],
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
  // What Debian has of WebKit: its network is libsoup's, and Safari's is not.
  browser(
    'WebKitGTK',
    'libwebkit2gtk-4.1-0',
    ['xvfb-run', '-a', '/bin/sh', '-c', 'exec /usr/lib/*/webkit2gtk-4.1/MiniBrowser PAGE'],
    NO_1012,
    ['xvfb', 'xauth'],
  ),
];

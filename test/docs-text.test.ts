/** The text of README.md and docs/ holds together: links lead somewhere, and names are those that there are. */
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { slug } from '../docs/.vitepress/slug.ts';
import { ROOT, filesBelow } from './support/source.ts';

const TOP = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];
const pages = [
  ...TOP.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') })),
  ...filesBelow('docs', '.md'),
].map(({ path, text }) => ({ path, text, prose: withoutCode(text) }));

/** Names of others that pages speak of: options and functions of other packages, and of Node. */
const FOREIGN = new Set([
  ...[
    'closeObserver',
    'createWebsocket',
    'destroyUpgrade',
    'failoverDetector',
    'forceNativeWebSocket',
    'injectWS',
    'makeServer',
    'mqttVersion',
    'pathFilter',
    'setOffline',
    'shouldRetry',
    'toNotFake',
    'webSocketImpl',
    'wsEngine',
  ],
  ...[
    'createCluster',
    'createSecureContext',
    'createSecureServer',
    'duplexPair',
    'encodeInto',
    'isTrusted',
    'maxReconnectAttempts',
    'typesVersions',
    'upgradeWebSocket',
  ],
]);

/** Words of the sources, without what comments say. */
const known = new Set([
  // Those of the web have a list.
  ...(readFileSync(join(ROOT, 'node_modules/typescript/lib/lib.dom.d.ts'), 'utf8').match(/\b[a-z]+[A-Z]\w*\b/g) ?? []),
  ...[
    ...filesBelow('protocol', '.ts'),
    ...filesBelow('drivers', '.ts'),
    ...filesBelow('autobahn', '.ts'),
    ...filesBelow('docs/examples', '.js', '.ts', '.mjs'),
  ].flatMap(({ text }) => text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '').match(/[A-Za-z_$][\w$]*/g) ?? []),
]);

/** Options of the command, and of the conformance suite, which it hands its arguments to. */
const flags = new Set(
  ['drivers/cli/main.ts', 'autobahn/options.ts'].flatMap(
    (path) => readFileSync(join(ROOT, path), 'utf8').match(/--[a-z][\w-]*/g) ?? [],
  ),
);

test('there is something to check', () => {
  expect(pages.length).toBeGreaterThan(40);
  expect(pages.flatMap(({ prose }) => [...linksIn(prose)]).length).toBeGreaterThan(150);
  expect(known.size).toBeGreaterThan(1000);
  expect(flags.size).toBeGreaterThan(30);
});

test.each(pages)('every relative link of $path leads to a file, and to a heading of it', ({ path, prose }) => {
  expect([...linksIn(prose)].filter((href) => !leadsSomewhere(href, path))).toEqual([]);
});

// Decisions of the past name what was there then.
const present = pages.filter(({ path }) => !/^(CHANGELOG|docs\/design\/adr)/.test(path));
test.each(present)('$path spells names of options and functions as they are', ({ text, prose }) => {
  const names = [...prose.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => code.match(/\b[a-z]+[A-Z]\w*\b/g) ?? []);
  // The compiler reads the programs of the page: what stands in them is right.
  const wrong = names.filter((name) => !known.has(name) && !FOREIGN.has(name) && !codeOf(text).includes(name));
  expect(wrong, 'misspelt? If it is a name of others, add it to FOREIGN').toEqual([]);
});

test('the guide to the command names options that it has', () => {
  const named = pages.find(({ path }) => path === 'docs/guides/command.md')!.text.match(/--[a-z][\w-]*/g) ?? [];
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((flag) => !flags.has(flag))).toEqual([]);
});

/** Text without its blocks of code, whose programs the compiler reads. */
function withoutCode(text: string): string {
  return text.replace(/^( *)```[^]*?^\1```/gm, '').replace(/<!--[^]*?-->/g, '');
}

function codeOf(text: string): string {
  return [...text.matchAll(/^( *)```[^]*?^\1```/gm)].join('\n');
}

function* linksIn(prose: string): Iterable<string> {
  for (const [, href] of prose.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)) {
    if (!/^[a-z]+:/i.test(href)) yield href;
  }
}

function leadsSomewhere(href: string, from: string): boolean {
  const [path, anchor] = href.split('#');
  const target = path === '' ? from : posix.join(posix.dirname(from), path);
  if (!existsSync(join(ROOT, target))) return false;
  if (anchor === undefined) return true;
  const text = pages.find((page) => page.path === target)?.text;
  return text === undefined || headingsOf(text).includes(anchor);
}

function headingsOf(text: string): string[] {
  return [...text.replace(/^( *)```[^]*?^\1```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slug(heading));
}

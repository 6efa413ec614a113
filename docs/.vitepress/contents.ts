import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { DefaultTheme } from 'vitepress';
import { ENTRIES, specifierOf } from '../../build/entries.ts';

/** The sections of the site, with their pages in order. A page that stands in none is appended to that of its folder. */
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  Start: ['start', 'playground', 'guides/command', 'guides/moving-from-ws'],
  Guides: [
    'guides/connecting',
    'guides/authentication',
    'guides/keepalive-and-timeouts',
    'guides/backpressure',
    'guides/graceful-shutdown',
    'guides/streams',
    'guides/sessions',
    'compression',
    'guides/topics',
    'guides/scaling',
    'guides/browsers',
    'guides/native',
    'guides/http2',
    'guides/frameworks',
    'guides/whatwg',
    'ws',
    'testing-with-the-pipe',
    'embedding',
  ],
  Operations: ['guides/deployment', 'guides/observability', 'guides/security', 'guides/troubleshooting', 'errors'],
  Reference: ['api', 'guides/event-face', 'connection', ...Object.keys(ENTRIES).map(referencePage)],
  Evidence: ['conformance', 'interop', 'reliability', 'performance', 'rfc-coverage', 'design/threat-model'],
  Design: ['design/tour', 'design/invariants'],
};

/** Where the pages of a folder belong that stand in no section. */
const BY_FOLDER: readonly (readonly [prefix: string, section: string])[] = [
  ['design/', 'Design'],
  ['reference/', 'Reference'],
  ['', 'Guides'],
];

/** The page of the reference that tells of an entry of the package. */
export function referencePage(entry: string): string {
  return `reference/${entry === 'index' ? 'sansocket' : entry.replaceAll('/', '-')}`;
}

/** The navigation, from the pages that there are: their titles are their first headings. */
export function contents(docs: string): Pick<DefaultTheme.Config, 'nav' | 'sidebar'> {
  const titles = new Map(pagesBelow(docs).map((page) => [page, titleOf(join(docs, `${page}.md`))]));
  for (const entry of Object.keys(ENTRIES)) titles.set(referencePage(entry), specifierOf(entry));
  const listed = new Set(Object.values(SECTIONS).flat());
  const sidebar = Object.entries(SECTIONS).map(([text, pages]) => {
    const others = [...titles.keys()].filter((page) => !listed.has(page) && sectionOf(page) === text);
    const items = [...pages.filter((page) => titles.has(page)), ...others];
    return { text, collapsed: true, items: items.map((page) => ({ text: titles.get(page)!, link: `/${page}` })) };
  });
  const nav = sidebar.map(({ text, items }) => ({
    text,
    link: items[0].link,
    activeMatch: `^(${items.map(({ link }) => link).join('|')})(\\.html)?$`,
  }));
  return { nav, sidebar };
}

function sectionOf(page: string): string {
  return BY_FOLDER.find(([prefix]) => page.startsWith(prefix))![1];
}

/** Every page but the first ones of folders and the templates of others, without its extension. */
function pagesBelow(docs: string): string[] {
  return readdirSync(docs, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(docs, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !/^(\.vitepress|examples)\/|\[|(^|\/)README\.md$/.test(path))
    .map((path) => path.replace(/\.md$/, ''))
    .sort();
}

function titleOf(path: string): string {
  return /^# (.*)$/m.exec(readFileSync(path, 'utf8'))![1].replaceAll('`', '');
}

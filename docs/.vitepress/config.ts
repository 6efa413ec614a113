/** The site: `npm run docs` builds it, `npm run docs:dev` shows it while pages are written. Its source is what is in docs/. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vitepress';
import { linkTo } from './links.ts';
import { contents } from './contents.ts';
import { slug } from './slug.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const { description, repository, version } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as {
  description: string;
  repository: { url: string };
  version: string;
};
const forge = repository.url.replace(/^git\+|\.git$/g, '');
const { nav, sidebar } = contents(resolve(ROOT, 'docs'));

/** An arrow each way. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#3451b2" stroke-width="2">' +
    '<path d="M2 5h11l-3-3M14 11H3l3 3"/></svg>',
)}`;

export default defineConfig({
  title: 'sansocket',
  description,
  lang: 'en',
  // Where the site lies on its host: GitHub Pages puts a project's below its name.
  base: process.env.DOCS_BASE ?? '/',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: ICON }]],
  cacheDir: resolve(ROOT, 'node_modules/.cache/vitepress'),
  // The forge shows a folder's README.md; a site its index.html.
  rewrites: (page) => page.replace(/(^|\/)README\.md$/, '$1index.md'),
  srcExclude: ['examples/**'],
  markdown: {
    anchor: { slugify: slug },
    config: (markdown) => {
      markdown.core.ruler.push('links', ({ tokens, env }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          if (token.type !== 'link_open') continue;
          const page = (env as { relativePath: string; filePathRelative?: string }).relativePath;
          token.attrSet('href', linkTo(token.attrGet('href') ?? '', `docs/${page}`, forge));
        }
      });
    },
  },
  themeConfig: {
    nav,
    sidebar,
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        detailedView: true,
        // A page about a thing comes before pages that have a section on it.
        miniSearch: {
          searchOptions: { boostDocument: (_id, _term, { titles }) => ((titles as string[]).length === 0 ? 3 : 1) },
        },
      },
    },
    socialLinks: [{ icon: 'github', link: forge }],
    footer: { message: `sansocket ${version}, MIT` },
  },
  transformPageData: (page) => {
    if (page.relativePath === 'index.md') page.frontmatter = { ...page.frontmatter, ...HOME };
    else if (page.relativePath === 'playground.md') page.frontmatter = { ...page.frontmatter, ...WIDE };
  },
});

/** What the first page shows above its text. It stands here, so that the forge shows a plain page. */
const HOME = {
  layout: 'home',
  hero: {
    name: 'sansocket',
    text: 'WebSockets for TypeScript',
    tagline: 'A promise API with backpressure both ways, a core without I/O, and tests without a port or a clock.',
    actions: [
      { theme: 'brand', text: 'A chat in five minutes', link: '/start' },
      { theme: 'alt', text: 'Playground', link: '/playground' },
    ],
  },
};

const WIDE = { aside: false, outline: false, pageClass: 'wide' };

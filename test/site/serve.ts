import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { listen, type Server } from '../../drivers/index.ts';
import { filesBelow, ROOT } from '../support/source.ts';

/** Where `npm run docs` puts the site. */
const SITE = join(ROOT, 'docs/.vitepress/dist');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
};

/** The paths of all its pages, but for the one that says that there is none. There are none where the site is not built. */
export function sitePages(): string[] {
  const pages = filesBelow('docs/.vitepress/dist', '.html').map(({ path }) => path.replace('docs/.vitepress/dist', ''));
  return pages.filter((path) => path !== '/404.html');
}

/** Serves the site as any host of files does, on a free port of this machine. */
export function serveSite(): Promise<Server> {
  return listen(
    {
      host: '127.0.0.1',
      port: 0,
      onRequest: ({ path }) => {
        const file = join(SITE, normalize(decodeURIComponent(path.endsWith('/') ? `${path}index.html` : path)));
        if (!file.startsWith(SITE) || !existsSync(file) || !statSync(file).isFile()) return { status: 404 };
        return { status: 200, headers: { 'Content-Type': TYPES[extname(file)] ?? '' }, body: readFileSync(file) };
      },
    },
    () => {},
  );
}

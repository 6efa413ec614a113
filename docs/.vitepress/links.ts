import { posix } from 'node:path';
import { ENTRIES } from '../../build/entries.ts';
import { referencePage } from './contents.ts';

/**
 * Where a link of a page leads on the site. Pages link as the forge wants it, by relative paths: one to another page stays as
 * it is, one to a file of the repository becomes the forge's address of it, and one to an API report leads to the
 * reference, which tells the same with its explanations.
 */
export function linkTo(href: string, page: string, forge: string): string {
  if (href === '' || /^([a-z]+:|#|\/)/i.test(href)) return href;
  const [path, anchor = ''] = href.split(/(?=#)/);
  const target = posix.normalize(posix.join(posix.dirname(page), path));
  if (isPage(target)) return target.endsWith('/README.md') ? siteAddress(target) + anchor : href;
  const entry = Object.keys(ENTRIES).find((name) => target === `test/api/${name.replaceAll('/', '-')}.api.md`);
  if (entry !== undefined) return `/${referencePage(entry)}${anchor}`;
  if (target === 'README.md') return `/${anchor}`;
  return `${forge}/blob/main/${target}${anchor}`;
}

/** Whether a path of the repository is a page of the site. */
export function isPage(target: string): boolean {
  return target.startsWith('docs/') && target.endsWith('.md') && !target.startsWith('docs/examples/');
}

function siteAddress(target: string): string {
  return target.replace(/^docs/, '').replace(/README\.md$/, '');
}

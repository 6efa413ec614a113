/** The public surface is what test/api/ says: a change of it is made on purpose, in the same commit as the report. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ENTRIES } from '../build/entries.ts';
import { apiReports, readSurface, reportPath, type Surface } from './support/api-report.ts';
import ts from 'typescript';
import { freshBuild, ROOT } from './support/source.ts';

let dist: string;
let reports: Map<string, string>;

beforeAll(() => {
  dist = freshBuild();
  reports = apiReports(dist);
}, 60_000);

/** What an entry names and does not export, and why. */
const NAMED_ONLY: Record<string, readonly string[]> = {
  // Optional where it is named: for whoever embeds the core, and so has it of `sansocket/protocol`.
  node: ['Resources'],
  pipe: ['Resources'],
  // What the unions `StateName` and `Cause` are made of, and what a resources hands to those who work in it.
  protocol: ['CAUSES', 'PermessageDeflate', 'Runtime', 'STATE_NAMES'],
  // Whoever has a socket has it of an entry that exports them.
  topics: ['ErrorKind', 'PreparedMessage', 'WebSocket'],
  'topics/redis': ['Engine'],
  'topics/nats': ['Engine'],
  web: [
    // A class of `sansocket`, for its option `http2`.
    'Http2Pool',
    // What `defineInterface` takes out of the prototype chains: nobody meets them at run time.
    'WebSocketFace',
    'WebSocketStreamFace',
  ],
  // What stands behind its options and events: who takes `ws` has the types of `@types/ws`.
  ws: [
    'Agreed',
    'Agreed',
    'AgreedExtension',
    'BINARY_TYPES',
    'CloseEventInit',
    'CompressOptions',
    'ConnectionOptions',
    'ErrorEventInit',
    'Extensions',
    'FrameOptions',
    'MessageEventInit',
    'OnSent',
    'Parameters',
    'Value',
    'format',
    'parse',
    'parse',
  ],
};

/** Where each export and each member has a text. `sansocket/ws` has those of @types/ws; `sansocket/topics` has them where its page has none. */
const TOLD = ['index', 'protocol', 'node', 'pipe', 'web', 'native'];

/** What users read: the README, the pages and the examples of docs/, without the reports that are made of it. */
const docs = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((path) => `docs/${path}`),
]
  .filter((path) => /\.(md|m?js|ts)$/.test(path) && !path.includes('node_modules'))
  .map((path) => readFileSync(join(ROOT, path), 'utf8'))
  .join('\n');

/** The names of the values that a report declares, in order. */
function valuesOf(report: string): string[] {
  return [...report.split('\n# Named above')[0].matchAll(/^## (\S+)\n\n```ts\n([^]*?)\n```$/gm)]
    .filter(
      ([, , text]) =>
        !text.startsWith('// its type alone') &&
        /^(export )?declare (abstract )?(class|const|function|let|var)\b/m.test(text),
    )
    .map(([, name]) => name);
}

describe.each(Object.keys(ENTRIES))('%s', (entry) => {
  test('exports each type that a declaration of it names', () => {
    const [, ...named] = reports.get(entry)!.split(/^# Named above, .*$/m);
    const names = named.flatMap((part) => [...part.matchAll(/^(?:## |- `)([\w$]+)/gm)].map(([, name]) => name));
    expect(names.sort()).toEqual([...(NAMED_ONLY[entry] ?? [])].sort());
  });

  test('exports what its report says (after a change on purpose: npm run api:update)', () => {
    const path = reportPath(entry);
    expect(existsSync(path), `${path} is missing`).toBe(true);
    expect(reports.get(entry)).toBe(readFileSync(path, 'utf8'));
  });

  test.runIf(TOLD.includes(entry))('has a text to hover over for each export and each member', () => {
    expect(untold(entry, readSurface(dist))).toEqual([]);
  });

  test('exports no value that no page and no example shows', () => {
    const unknown = valuesOf(reports.get(entry)!).filter(
      (name) => !new RegExp(`(?<![\\w$])${name}(?![\\w$])`).test(docs),
    );
    expect(unknown).toEqual([]);
  });

  test('exports at run time the values that its types declare', async () => {
    const declared = valuesOf(reports.get(entry)!);
    const module: Record<string, unknown> = await import(pathToFileURL(join(dist, 'commonjs', `${entry}.mjs`)).href);
    // A second name of the same thing is reported under the first.
    const isAlias = (name: string) => declared.some((one) => one !== name && module[one] === module[name]);
    const own = Object.keys(module).filter((name) => declared.includes(name) || !isAlias(name));
    expect(own.sort()).toEqual(declared.sort());
  });
});

/** The exports of an entry, and their members, that have no comment: their own, or that of what they implement or extend. */
function untold(entry: string, { checker, exports }: Surface): string[] {
  const isTold = (symbol: ts.Symbol): boolean => symbol.getDocumentationComment(checker).length > 0;
  return [...exports.get(entry)!].flatMap(([symbol, name]) => {
    const holders = (symbol.declarations ?? []).filter(
      (one) => ts.isInterfaceDeclaration(one) || ts.isClassDeclaration(one),
    );
    const members = holders.flatMap((one) => [...(one as ts.InterfaceDeclaration).members]);
    const silent = members.flatMap((member) => {
      const isPrivate =
        ts.canHaveModifiers(member) &&
        ts.getModifiers(member)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword);
      const known =
        member.name === undefined || ts.isPrivateIdentifier(member.name)
          ? undefined
          : checker.getSymbolAtLocation(member.name);
      // A `name` and an iterator are every error's and every iterator's.
      const isUsual = known?.name === 'name' || known?.name.startsWith('__@');
      return known === undefined || isPrivate || isUsual || isTold(known) ? [] : [`${name}.${known.name}`];
    });
    return isTold(symbol) ? silent : [name, ...silent];
  });
}

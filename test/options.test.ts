/** Every option that there is stands in the reference, docs/api.md, with its default; and the defaults are the real ones. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { SEND_HIGH_WATER, SEND_LIMIT } from '../drivers/socket/options.ts';
import { DEFAULT_LIMITS } from '../protocol/index.ts';
import { reportPath } from './support/api-report.ts';
import { ROOT } from './support/source.ts';

const REFERENCE = readFileSync(join(ROOT, 'docs/api.md'), 'utf8');
const OPTIONS = REFERENCE.slice(REFERENCE.indexOf('\n## Options\n'));

/** The rows of the tables under "Options": each option with its default and what is said of it. */
const documented = new Map<string, readonly string[]>();
for (const line of OPTIONS.split('\n').filter((line) => line.startsWith('| `'))) {
  const [names, ...cells] = line.slice(2, -2).split(' | ');
  for (const [, name] of names!.matchAll(/`(\w+)/g)) documented.set(name!, cells);
}

/** The option types of an entry, as its report declares them. */
class Declarations {
  readonly #interfaces: Map<string, ts.InterfaceDeclaration>;

  constructor(entry: string) {
    const text = readFileSync(reportPath(entry), 'utf8');
    const blocks = [...text.matchAll(/```ts\n([^]*?)\n```/g)].map(([, code]) => code).join('\n');
    const file = ts.createSourceFile('report.ts', blocks, ts.ScriptTarget.ES2022, true);
    this.#interfaces = new Map(
      file.statements.filter(ts.isInterfaceDeclaration).map((statement) => [statement.name.text, statement]),
    );
  }

  /** The names of its options, inherited ones too. */
  optionsOf(name: string): string[] {
    const declaration = this.#interfaces.get(name);
    if (declaration === undefined) throw new Error(`no interface ${name}`);
    const own = declaration.members.map((member) => member.name!.getText());
    const parents = (declaration.heritageClauses ?? []).flatMap(({ types }) => types);
    return [...own, ...parents.flatMap((parent) => this.#inherited(parent))];
  }

  #inherited({ expression, typeArguments = [] as never }: ts.ExpressionWithTypeArguments): string[] {
    const name = expression.getText();
    if (name !== 'Pick' && name !== 'Omit') return this.optionsOf(name);
    const named = [...typeArguments[1]!.getText().matchAll(/'(\w+)'/g)].map(([, option]) => option!);
    if (name === 'Pick') return named;
    return this.optionsOf(typeArguments[0]!.getText()).filter((option) => !named.includes(option));
  }
}

describe.each([
  ['index', 'NodeClientOptions', 21],
  ['index', 'PromiseOptions', 1],
  ['index', 'ReconnectOptions', 7],
  ['index', 'NodeServerOptions', 22],
  ['index', 'ServeOptions', 2],
  ['index', 'AttachOptions', 18],
  ['index', 'NodeUpgradeOptions', 15],
  ['index', 'CompressOptions', 9],
  ['pipe', 'NetworkOptions', 12],
  ['pipe', 'PipeClientOptions', 16],
  ['pipe', 'PipeServerOptions', 20],
])('%s, %s', (entry, name, atLeast) => {
  test('each option is in the reference, with its default', () => {
    const options = new Declarations(entry).optionsOf(name);
    // What finds nothing holds nothing.
    expect(options.length).toBeGreaterThanOrEqual(atLeast);
    expect(options.filter((option) => !documented.has(option))).toEqual([]);
    for (const option of options) expect(documented.get(option)![0], option).toMatch(/\S/);
  });
});

test('the reference has no option that is none', () => {
  const declarations = ['index', 'pipe'].map((entry) => new Declarations(entry));
  const known = declarations.flatMap((all, i) => {
    const names = i === 0 ? ['NodeClientOptions', 'NodeServerOptions', 'AttachOptions', 'ReconnectOptions'] : [];
    const shared =
      i === 0 ? ['ServeOptions', 'CompressOptions'] : ['NetworkOptions', 'PipeClientOptions', 'PipeServerOptions'];
    return [...names, ...shared].flatMap((name) => all.optionsOf(name));
  });
  expect([...documented.keys()].filter((name) => !known.includes(name))).toEqual([]);
});

describe('the defaults of limits', () => {
  const limits = { ...DEFAULT_LIMITS, sendHighWater: SEND_HIGH_WATER, sendLimit: SEND_LIMIT };
  test.each(Object.entries(limits))('%s', (name, value) => {
    expect(documented.get(name)![0]).toBe(inWords(name, value));
  });
});

/** 16777216 is 16 MiB, and 10000 is 10 s where it is a time. */
function inWords(name: string, value: number): string {
  if (value === Infinity) return 'no limit';
  if (/Timeout|Interval/.test(name)) return `${value / 1000} s`;
  if (name === 'maxFragments') return value.toLocaleString('en-US');
  const [size, unit] = value >= 1024 * 1024 ? [value / 1024 / 1024, 'MiB'] : [value / 1024, 'KiB'];
  return `${size} ${unit}`;
}

test('every link from a row leads to a heading that is there', () => {
  const links = [...OPTIONS.matchAll(/\]\((guides\/[\w-]+\.md)#([\w-]+)\)/g)];
  expect(links.length).toBeGreaterThan(20);
  for (const [, path, anchor] of links) {
    const headings = readFileSync(join(ROOT, 'docs', path!), 'utf8').matchAll(/^#+ (.*)$/gm);
    const anchors = [...headings].map(([, text]) =>
      text!
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );
    expect(anchors, path).toContain(anchor);
  }
});

/** The tables of docs/rfc-coverage.md and docs/design/threat-model.md: what is claimed, and the tests that hold it. */

export interface NamedTest {
  readonly file: string;
  readonly name: string;
}

/** A row that names tests, or a reason why there are none. */
export interface Claim {
  /** Where it stands, as 'path:line'. */
  readonly at: string;
  readonly tests: readonly NamedTest[];
  /** Why no test can hold it, where none does. */
  readonly reason: string | undefined;
}

export interface Requirement extends Claim {
  /** The section, e.g. 'RFC 6455 §5.1'. */
  readonly section: string;
  readonly level: string;
  readonly text: string;
}

export interface Threat extends Claim {
  readonly text: string;
  readonly mitigation: string;
  /** The files that the mitigation names. */
  readonly sources: readonly string[];
}

const LEVELS = ['MUST', 'MUST NOT', 'SHOULD', 'SHOULD NOT', 'REQUIRED', 'SHALL', 'SHALL NOT', 'RECOMMENDED', 'MAY'];

/**
 * Reads the rows of all tables with the columns section, level, requirement and held by. The last one holds
 * `` `test/…/file.test.ts` name `` one or more times, with `<br>` between them, or `none: reason`.
 *
 * The section is relative to the heading above (`## RFC 6455`). Throws for a row of any other form.
 */
export function requirementsOf(path: string, markdown: string): Requirement[] {
  const found: Requirement[] = [];
  let rfc: string | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    rfc = /^## (RFC \d+)/.exec(line)?.[1] ?? rfc;
    const at = `${path}:${index + 1}`;
    const cells = cellsOf(line);
    if (cells === undefined || cells[0] === 'section' || /^-+$/.test(cells[0])) continue;
    if (cells.length !== 4) throw new Error(`${at}: a row has four cells, not ${cells.length}`);
    const [section, level, text, heldBy] = cells;
    if (rfc === undefined) throw new Error(`${at}: no heading '## RFC …' stands above it`);
    if (!/^§\d+(\.\d+)*$/.test(section)) throw new Error(`${at}: not a section: ${section}`);
    if (!LEVELS.includes(level)) throw new Error(`${at}: not a level: ${level}`);
    if (text === '') throw new Error(`${at}: what is asked for is missing`);
    found.push({ at, section: `${rfc} ${section}`, level, text, ...heldByOf(heldBy, at) });
  }
  return found;
}

/** Reads the rows of all tables with the columns threat, mitigation and test, the last one as above. */
export function threatsOf(path: string, markdown: string): Threat[] {
  const found: Threat[] = [];
  for (const [index, line] of markdown.split('\n').entries()) {
    const at = `${path}:${index + 1}`;
    const cells = cellsOf(line);
    if (cells === undefined || cells[0] === 'threat' || /^-+$/.test(cells[0])) continue;
    if (cells.length !== 3) throw new Error(`${at}: a row has three cells, not ${cells.length}`);
    const [text, mitigation, heldBy] = cells;
    const sources = [...mitigation.matchAll(/`([\w./-]+\/[\w./-]*)`/g)].map(([, source]) => source);
    found.push({ at, text, mitigation, sources, ...heldByOf(heldBy, at) });
  }
  return found;
}

/** Whether `wanted` is the name of the test, of a group that it is in, or such names in a row, joined with ' > '. */
export function isNamed(fullName: string, wanted: string): boolean {
  return ` > ${fullName} > `.includes(` > ${wanted} > `);
}

function cellsOf(line: string): string[] | undefined {
  if (!/^\|.*\|$/.test(line.trim())) return undefined;
  const cells = line
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/);
  return cells.map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function heldByOf(text: string, at: string): Pick<Claim, 'tests' | 'reason'> {
  const reason = /^none: (.+)$/.exec(text)?.[1];
  return { tests: reason === undefined ? text.split(/ *<br> */).map((one) => testOf(one, at)) : [], reason };
}

function testOf(text: string, at: string): NamedTest {
  const match = /^`([^`]+\.test\.ts)` (.+)$/.exec(text);
  if (match === null) throw new Error(`${at}: neither a test nor 'none: reason': '${text}'`);
  return { file: match[1], name: match[2] };
}

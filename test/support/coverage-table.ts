/** The table of docs/rfc-coverage.md: what the RFCs ask for, and the tests that hold it. */

export interface Requirement {
  /** Where it stands, as 'path:line'. */
  readonly at: string;
  /** The section, e.g. 'RFC 6455 §5.1'. */
  readonly section: string;
  readonly level: string;
  readonly text: string;
  /** The tests: file and name. */
  readonly tests: readonly { readonly file: string; readonly name: string }[];
  /** Why no test can hold it, where none does. */
  readonly reason: string | undefined;
}

const LEVELS = ['MUST', 'MUST NOT', 'SHOULD', 'SHOULD NOT', 'REQUIRED', 'SHALL', 'SHALL NOT', 'RECOMMENDED'];

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
    const reason = /^none: (.+)$/.exec(heldBy)?.[1];
    const tests = reason === undefined ? heldBy.split(/ *<br> */).map((one) => testOf(one, at)) : [];
    found.push({ at, section: `${rfc} ${section}`, level, text, tests, reason });
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

function testOf(text: string, at: string): { file: string; name: string } {
  const match = /^`([^`]+\.test\.ts)` (.+)$/.exec(text);
  if (match === null) throw new Error(`${at}: neither a test nor 'none: reason': '${text}'`);
  return { file: match[1], name: match[2] };
}

/** The programs in a Markdown file: its ts and js code blocks, and how its comments say they are to be run. */

/** One program: a block, or several that a marker joins. */
export interface Program {
  /** Where it begins, as 'path:line'. */
  readonly at: string;
  readonly language: 'ts' | 'js';
  /** False when a marker says that its types are checked and nothing is run. */
  readonly runs: boolean;
  readonly code: string;
  /** What it must print, when a block says so. */
  readonly prints: string | undefined;
}

interface Draft {
  at: string;
  language: 'ts' | 'js';
  runs: boolean;
  pieces: string[];
  prints: string | undefined;
}

/**
 * Reads the programs of a Markdown file. Every block marked `ts` or `js` is one, unless an HTML comment that stands right
 * before it says more:
 *
 * - `<!-- docs: join NAME -->`: this block goes on where the one before with that NAME ended, or begins it.
 * - `<!-- docs: check -->`: its types are checked, and nothing is run.
 * - `<!-- docs: prints -->`, before a `text` block: what the program before it must print, to the letter.
 * - `<!-- docs: hidden NAME` … `-->`: code of the joined program NAME that a reader need not see.
 *
 * Throws for a marker that it doesn't know, or that marks nothing.
 */
export function programsOf(path: string, markdown: string): Program[] {
  const drafts: Draft[] = [];
  const joined = new Map<string, Draft>();
  const lines = markdown.split('\n');
  let marker: string[] | undefined;

  for (let i = 0; i < lines.length; i++) {
    const at = `${path}:${i + 1}`;
    const hidden = /^<!-- docs: hidden (\S+)$/.exec(lines[i]);
    const mark = /^<!-- docs: (.*?) *-->$/.exec(lines[i]);
    const fence = /^( *)(`{3,})(\S*)/.exec(lines[i]);

    if (hidden !== null) {
      const end = indexOrThrow(lines, i, (line) => line === '-->', at);
      draft(hidden[1], 'ts', at).pieces.push(lines.slice(i + 1, end).join('\n'));
      i = end;
    } else if (mark !== null) {
      if (marker !== undefined) throw new Error(`${at}: two markers in a row`);
      marker = mark[1].split(' ');
    } else if (fence !== null) {
      const [, indent, ticks, language] = fence;
      const end = indexOrThrow(lines, i, (line) => line.startsWith(indent + ticks), at);
      const code = lines.slice(i + 1, end).map((line) => line.slice(indent.length));
      take(language, code.join('\n'), at);
      i = end;
      marker = undefined;
    } else if (lines[i].includes('docs:') && lines[i].trimStart().startsWith('<!--')) {
      throw new Error(`${at}: not a marker: ${lines[i]}`);
    } else if (marker !== undefined && lines[i].trim() !== '') {
      throw new Error(`${at}: the marker '${marker.join(' ')}' stands before no code block`);
    }
  }
  if (marker !== undefined) throw new Error(`${path}: the marker '${marker.join(' ')}' stands before no code block`);
  return drafts.map(({ pieces, ...rest }) => ({ ...rest, code: `${pieces.join('\n')}\n` }));

  function take(language: string, code: string, at: string): void {
    const [verb, name, ...more] = marker ?? [];
    if (language === 'ts' || language === 'js') {
      if (verb === undefined) add(language, at).pieces.push(code);
      else if (verb === 'check' && name === undefined)
        Object.assign(add(language, at), { runs: false }).pieces.push(code);
      else if (verb === 'join' && name !== undefined && more.length === 0) draft(name, language, at).pieces.push(code);
      else throw new Error(`${at}: unknown marker '${marker?.join(' ')}'`);
    } else if (verb === 'prints' && language === 'text') {
      const last = drafts.at(-1);
      if (last === undefined || last.prints !== undefined) throw new Error(`${at}: no program prints this`);
      last.prints = `${code}\n`;
    } else if (verb !== undefined) {
      throw new Error(`${at}: the marker '${verb}' stands before a block of '${language}'`);
    }
  }

  function draft(name: string, language: 'ts' | 'js', at: string): Draft {
    const known = joined.get(name);
    if (known !== undefined) return known;
    const made = add(language, at);
    joined.set(name, made);
    return made;
  }

  function add(language: 'ts' | 'js', at: string): Draft {
    const made: Draft = { at, language, runs: true, pieces: [], prints: undefined };
    drafts.push(made);
    return made;
  }
}

function indexOrThrow(lines: string[], from: number, is: (line: string) => boolean, at: string): number {
  const index = lines.findIndex((line, i) => i > from && is(line));
  if (index < 0) throw new Error(`${at}: it has no end`);
  return index;
}

import { readFileSync, writeFileSync } from 'node:fs';
import type { Case } from './case.ts';
import { titles } from './catalogue.ts';
import type { Outcome } from './run.ts';

/** A column of the table of results: who, in which role, and what came out. */
export interface Column {
  readonly title: string;
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** A row of the table of times, in milliseconds. */
export interface TimesRow {
  readonly section: string;
  readonly own: number;
  readonly ws: number;
}

const PAGE = new URL('../docs/conformance.md', import.meta.url);

/** Puts text in the place that a marker names: between `<!-- results: begin -->` and `<!-- results: end -->`, say. */
export function writeBlock(name: string, text: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/conformance.md has no place for ${name}`);
  writeFileSync(PAGE, `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`);
}

/** A row for each section: how many cases, and in each column OK, or what else and where. */
export function resultsTable(cases: readonly Case[], columns: readonly Column[]): string {
  const sections = new Map<string, Case[]>();
  for (const test of cases) {
    const section = sectionOf(test.id);
    sections.set(section, [...(sections.get(section) ?? []), test]);
  }
  const rows = [...sections].map(([section, members]) =>
    row([section, titleOf(section), String(members.length), ...columns.map((column) => cell(members, column))]),
  );
  const head = ['section', 'what', 'cases', ...columns.map(({ title }) => title)];
  return [row(head), row(head.map(() => '---')), ...rows].join('\n');
}

export function timesTable(rows: readonly TimesRow[]): string {
  const head = ['section', 'sansocket, ms', '`ws`, ms', 'ratio'];
  const lines = rows.map(({ section, own, ws }) => row([section, String(own), String(ws), (own / ws).toFixed(2)]));
  return [row(head), row(head.map(() => '---')), ...lines].join('\n');
}

/** '7.9' of '7.9.1', and '2' of '2.10': chapters without sections are one. */
export function sectionOf(id: string): string {
  const parts = id.split('.');
  return parts.slice(0, -1).join('.');
}

function titleOf(section: string): string {
  const [chapter = ''] = section.split('.');
  return titles.get(section) ?? titles.get(chapter) ?? '';
}

function cell(members: readonly Case[], { outcomes }: Column): string {
  const groups = new Map<string, string[]>();
  for (const { id } of members) {
    const outcome = outcomes.get(id);
    const verdict = outcome === undefined ? 'not run' : verdictOf(outcome);
    groups.set(verdict, [...(groups.get(verdict) ?? []), id]);
  }
  if (groups.size === 1) return [...groups.keys()][0]!;
  return [...groups].map(([verdict, ids]) => (verdict === 'OK' ? 'OK' : `${verdict}: ${ids.join(', ')}`)).join('; ');
}

function verdictOf({ behavior, behaviorClose }: Outcome): string {
  return behavior === behaviorClose || behaviorClose === 'OK' ? behavior : `${behavior} / ${behaviorClose}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

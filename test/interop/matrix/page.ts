/** Writes the table of docs/interop.md, between its two markers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { find, type Row } from './results.ts';
import { SCENARIOS } from './scenarios.ts';
import { NOT_HAD, STACKS } from './stacks/index.ts';

const PAGE = new URL('../../../docs/interop.md', import.meta.url);
const BEGIN = '<!-- interop: begin -->';
const END = '<!-- interop: end -->';

/** The table of all rows, in the order of the stacks. */
export function tableOf(rows: readonly Row[]): string {
  const lines = STACKS.flatMap(({ name, roles, advice }) =>
    roles.map((role) => {
      const row = find(rows, { stack: name, role });
      return row === undefined ? [] : lineOf(row, role === roles[0] ? advice : 'as above');
    }),
  ).flat();
  const days = rows.map(({ seen }) => seen).sort();
  const skipped = Object.entries(NOT_HAD).map(([name, why]) => `${name} (${why})`);
  return [
    `${SCENARIOS.length} scenarios each, less those for which the stack has no call; seen from ${days[0]} to ${days.at(-1)}.`,
    '',
    '| stack | its role | as expected | what it does otherwise | what you see, and should set |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
    '',
    `Not tried: ${skipped.join('; ')}.`,
  ].join('\n');
}

export function writePage(rows: readonly Row[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  writeFileSync(PAGE, `${before}${BEGIN}\n${tableOf(rows)}\n${rest.slice(rest.indexOf(END))}`);
}

function lineOf({ stack, version, role, unable, otherwise }: Row, advice = '–'): string {
  const able = SCENARIOS.length - unable.length;
  const passed = `${able - Object.keys(otherwise).length} of ${able}`;
  return `| ${stack} ${version} | ${role} | ${passed} | ${inWords(otherwise)} | ${advice} |`;
}

/** Scenarios that came to the same are told together. */
function inWords(otherwise: Row['otherwise']): string {
  const same = new Map<string, string[]>();
  for (const [name, result] of Object.entries(otherwise)) same.set(result, [...(same.get(result) ?? []), name]);
  const parts = [...same].map(([result, names]) => `${together(names)}: ${escape(result)}`);
  return parts.join('; ') || '–';
}

/** "we close 1001", "we close 1002" → "we close 1001, 1002"; compression with each parameter → "compression". */
function together(given: readonly string[]): string {
  const names = given.includes('compression') ? given.filter((name) => !/TakeOver|WindowBits/i.test(name)) : given;
  const words: string[] = [];
  let shared = '';
  for (const name of names) {
    const [, start, code] = /^(\w+ close )(\d+)$/.exec(name) ?? [];
    words.push(start !== undefined && start === shared ? code : name);
    shared = start ?? '';
  }
  return words.join(', ');
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').replaceAll('<', '&lt;');
}

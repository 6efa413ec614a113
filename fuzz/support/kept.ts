/** Inputs that are kept as files: the corpus, worth trying each time, and every counterexample ever found. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Counterexample } from './run.ts';
import type { Target } from './target.ts';
import { fromJson, toJson } from './json.ts';

export interface Kept {
  /** What is worth knowing about it. */
  readonly note: string;
  readonly input: unknown;
}

export type Shelf = 'corpus' | 'regressions';

const HOME = fileURLToPath(new URL('..', import.meta.url));

/** The files of a target: each holds one input with a note. */
export function keptInputs(target: Target, shelf: Shelf): (Kept & { readonly file: string })[] {
  const folder = join(HOME, shelf, target.name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({ ...(fromJson(readFileSync(join(folder, name), 'utf8')) as Kept), file: name }));
}

/** Keeps an input, unless it is there already. Returns the path of its file. */
export function keep(target: Target, shelf: Shelf, kept: Kept): string {
  const folder = join(HOME, shelf, target.name);
  const text = toJson(kept) + '\n';
  const digest = createHash('sha256').update(toJson(kept.input)).digest('hex').slice(0, 10);
  const path = join(folder, `${digest}.json`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, text);
  return path;
}

export function keepCounterexample(target: Target, found: Counterexample): string {
  const note = `seed ${found.seed}: ${found.error.split('\n').slice(0, 3).join(' ').slice(0, 300)}`;
  return keep(target, 'regressions', { note, input: found.input });
}

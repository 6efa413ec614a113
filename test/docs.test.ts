/**
 * The documentation runs: every ts and js code block of README.md and docs/ is type-checked and executed against the
 * built package, and so is every file in docs/examples. `test/support/markdown.ts` tells the markers.
 *
 * A program runs alone, in a process of its own, which has to end by itself with exit code 0. Port 8080, which
 * is what readers expect to see, becomes a free one.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { transform } from 'esbuild';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from './support/free-port.ts';
import { programsOf } from './support/markdown.ts';
import type { Program } from './support/markdown.ts';
import { runNode } from './support/run.ts';
import { ROOT, filesBelow, freshBuild } from './support/source.ts';

const pages = [
  { path: 'README.md', text: readFileSync(join(ROOT, 'README.md'), 'utf8') },
  ...filesBelow('docs', '.md'),
];
const programs = pages.flatMap(({ path, text }) => programsOf(path, text));
const examples: Program[] = filesBelow('docs/examples', '.ts', '.js').map(({ path, text }) => ({
  at: path,
  language: path.endsWith('.ts') ? 'ts' : 'js',
  runs: true,
  code: text,
  prints: undefined,
}));
const all = [...programs, ...examples];

let folder: string;
let diagnostics: Map<string, string[]>;

beforeAll(() => {
  freshBuild();
  // A project that has the package installed, as a reader's would, and what else the examples import.
  folder = mkdtempSync(join(tmpdir(), 'sansocket-docs-'));
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/sansocket'));
  // undici-types: where @types/node finds its own types.
  for (const name of [...Object.keys(devDependencies), 'undici-types']) {
    if (name.startsWith('@')) mkdirSync(join(folder, 'node_modules', name, '..'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const program of all) writeFileSync(join(folder, fileName(program)), program.code);
  const names = all.map(fileName);
  diagnostics = new Map([
    ...typeCheck(names.filter((name) => name.endsWith('.ts'))),
    ...typeCheck(names.filter((name) => name.endsWith('.js'))),
  ]);
}, 60_000);

afterAll(() => {
  if (folder !== undefined && existsSync(folder)) rmSync(folder, { recursive: true });
});

test('the README has its examples', () => {
  expect(programs.filter(({ at, runs }) => at.startsWith('README.md') && runs).length).toBeGreaterThan(0);
});

describe.each(all)('$at', (program) => {
  test('has no type error', () => {
    expect(diagnostics.get(fileName(program)) ?? []).toEqual([]);
  });

  test.runIf(program.runs)('runs to its end', async () => {
    const path = join(folder, fileName(program).replace(/\.[tj]s$/, '.mjs'));
    const { code } = await transform(program.code, {
      loader: program.language,
      target: 'node20',
      sourcefile: program.at,
    });
    writeFileSync(path, code.replace(/\b8080\b/g, String(await freePort())));
    const { exit, stdout, stderr } = await runNode([path], folder, 15_000);
    // One line for who develops: the first Origin that was refused.
    const told = stderr.replace(
      /^sansocket: a page of (\S+) was refused with 403 [^\n]+\n/,
      (line: string, origin: string) => (program.code.includes(origin) ? '' : line),
    );
    const why = exit === 'SIGKILL' ? 'it did not end by itself' : stderr;
    expect({ exit, stderr: told }, why).toEqual({ exit: 0, stderr: '' });
    if (program.prints !== undefined) expect(stdout).toBe(program.prints);
  });
});

function fileName({ at, language }: Program): string {
  return `${basename(at).replace(/\W+/g, '-')}-${all.findIndex((program) => program.at === at)}.${language}`;
}

/**
 * The errors of these files, by name. JavaScript is checked too, so that its names and arguments are right; TypeScript as
 * strictly as a reader's project may.
 */
function typeCheck(names: string[]): Map<string, string[]> {
  const program = ts.createProgram(
    names.map((name) => join(folder, name)),
    {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: ['node'],
      typeRoots: [join(folder, 'node_modules/@types')],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: names.every((name) => name.endsWith('.ts')),
      noImplicitAny: false,
      allowJs: true,
      checkJs: true,
      skipLibCheck: true,
      preserveSymlinks: true,
      noEmit: true,
    },
  );
  const found = new Map<string, string[]>();
  for (const { file, start, messageText } of ts.getPreEmitDiagnostics(program)) {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line + 1;
    const text = `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    const name = basename(file?.fileName ?? '');
    found.set(name, [...(found.get(name) ?? []), text]);
  }
  // What concerns no file, or a file of the package itself, concerns every program.
  for (const [name, texts] of found) {
    if (!names.includes(name)) for (const one of names) found.set(one, [...(found.get(one) ?? []), ...texts]);
  }
  return found;
}

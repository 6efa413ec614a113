/**
 * The public face, held to what it promises, as a user's project meets it: the package is packed and installed into an empty
 * one, and the same sentences are type-checked there, run with `import`, and run with `require()`.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installPacked } from '../support/packed.ts';
import { runNode } from '../support/run.ts';
import { ROOT } from '../support/source.ts';

const FILES = ['main', 'promises', 'others'];
const SENTENCES = 30;

let folder: string;

beforeAll(async () => {
  ({ folder } = await installPacked());
  for (const name of FILES) cpSync(join(ROOT, 'test/contract', `${name}.ts`), join(folder, `${name}.ts`));
  mkdirSync(join(folder, 'node_modules/@types'));
  symlinkSync(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  const undici = join(ROOT, 'node_modules/undici-types');
  if (existsSync(undici)) symlinkSync(undici, join(folder, 'node_modules/undici-types'));
}, 120_000);

afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

test('it type-checks in a project of its own', { timeout: 120_000 }, () => {
  const program = ts.createProgram([join(folder, 'main.ts')], {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    types: ['node'],
    typeRoots: [join(folder, 'node_modules/@types')],
    strict: true,
    noEmit: true,
  });
  const ours = program.getSourceFiles().filter(({ fileName }) => /\/(main|promises|others)\.ts$/.test(fileName));
  expect(ours).toHaveLength(FILES.length);
  const errors = [...program.getGlobalDiagnostics(), ...ours.flatMap((file) => program.getSemanticDiagnostics(file))];
  expect(errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
});

test.each([
  ['import', ts.ModuleKind.ES2022, 'mjs'],
  ['require()', ts.ModuleKind.CommonJS, 'cjs'],
] as const)(
  'every sentence of it holds, with %s',
  async (_, module, extension) => {
    for (const name of FILES) {
      const source = readFileSync(join(folder, `${name}.ts`), 'utf8').replaceAll(
        /(from '\.\/\w+)\.ts'/g,
        `$1.${extension}'`,
      );
      const { outputText } = ts.transpileModule(source, {
        compilerOptions: { module, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
      });
      writeFileSync(join(folder, `${name}.${extension}`), outputText);
    }
    const { exit, stdout, stderr } = await runNode([`main.${extension}`], folder, 60_000);
    expect(exit).toBe(0);
    // What is told to who develops, once each: the first Origin that was refused, and a handler that returned at once.
    expect(stderr.trimEnd().split('\n').sort()).toEqual([
      expect.stringMatching(/^sansocket: a handler returned at once, and nothing was received: /),
      expect.stringMatching(/^sansocket: a page of http:\/\/elsewhere\.example was refused with 403 /),
    ]);
    expect(stdout.trim().split('\n')).toHaveLength(SENTENCES);
  },
  70_000,
);

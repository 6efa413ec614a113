import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOT = join(HERE, '..', '..');
export const REPORTS = join(ROOT, 'reports', 'bench');

/**
 * Strips the types of what runs in the children and writes it where the package can still import itself by name.
 * The children run under plain Node or Bun, with no loader in the process that is measured. Returns the folder, which has this name under reports/bench.
 */
export function compileChildren(name = 'children'): string {
  const out = join(REPORTS, name);
  for (const folder of ['wire', 'load', 'peers']) {
    mkdirSync(join(out, folder), { recursive: true });
    for (const file of readdirSync(join(HERE, folder))) {
      const { outputText } = ts.transpileModule(readFileSync(join(HERE, folder, file), 'utf8'), {
        fileName: file,
        compilerOptions: {
          target: ts.ScriptTarget.ES2022,
          module: ts.ModuleKind.ESNext,
          verbatimModuleSyntax: true,
          rewriteRelativeImportExtensions: true,
        },
      });
      writeFileSync(join(out, folder, file.replace(/\.ts$/, '.js')), outputText);
    }
  }
  return out;
}

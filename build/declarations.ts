/** The types of the package: the declarations of our own files, in our own folders. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { ENTRIES } from './entries.ts';

/** Writes `DIST/types`: what the entries lead to, without what is marked `@internal`. Throws where `root` has a type error. */
export function writeDeclarations(root: string, dist: string): void {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
  const folder = join(dist, 'types');
  rmSync(folder, { recursive: true, force: true });
  const entries = Object.values(ENTRIES).map((path) => join(root, path));
  const program = ts.createProgram(entries, {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    // What is marked @internal is for the drivers of this package and stays out of the types.
    stripInternal: true,
    rootDir: root,
    outDir: folder,
  });

  const texts = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (path, text) => texts.set(path, withJsExtensions(text)));
  if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, host(root)));

  const globals = join(folder, 'globals.d.ts');
  for (const path of reachable(entries, root, folder, texts)) {
    const text = texts.get(path)!;
    const isEntry = entries.includes(join(root, relative(folder, path).replace(/\.d\.ts$/, '.ts')));
    // The core names nothing but the language.
    const reference = isEntry && !relative(folder, path).startsWith('protocol') ? referenceTo(globals, path) : '';
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, reference + text);
  }
  copyFileSync(join(root, 'build/globals.d.ts'), globals);
  // They describe the CommonJS build, whatever the package's own `type` is.
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
}

function referenceTo(file: string, from: string): string {
  return `/// <reference path="${relative(dirname(from), file)}" />\n`;
}

/** Relative imports as every compiler from 5.0 on resolves them in declarations. */
function withJsExtensions(text: string): string {
  return text.replace(/((?:from|import\() ?['"]\.{1,2}\/[^'"]+)\.ts(['"])/g, '$1.js$2');
}

/** The declarations that the entries lead to: what only the implementation imports is not among them. */
function reachable(entries: string[], root: string, folder: string, texts: Map<string, string>): Set<string> {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    const text = texts.get(path);
    if (text === undefined) throw new Error(`${relative(folder, path)} is named and not emitted`);
    found.add(path);
    const { importedFiles } = ts.preProcessFile(text, true, true);
    for (const { fileName } of importedFiles) {
      if (fileName.startsWith('.')) visit(join(dirname(path), fileName.replace(/\.js$/, '.d.ts')));
    }
  };
  for (const entry of entries) visit(join(folder, relative(root, entry).replace(/\.ts$/, '.d.ts')));
  return found;
}

function host(root: string): ts.FormatDiagnosticsHost {
  return { getCurrentDirectory: () => root, getCanonicalFileName: (name) => name, getNewLine: () => '\n' };
}

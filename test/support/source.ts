/** What tests about the project itself read: its files, their imports, and the freshness of the build. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, posix, relative, resolve, sep } from 'node:path';
import ts from 'typescript';
import { ENTRIES } from '../../build/entries.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

/** A source file, by its path from the root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** An import, export-from, dynamic import or import type of a file. */
export interface Import {
  /** As written. */
  readonly specifier: string;
  /** The path from the root for a relative specifier, otherwise the specifier itself. */
  readonly target: string;
  /** Whether nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

/** All files below `folder` whose names end in one of `endings`, in order. */
export function filesBelow(folder: string, ...endings: string[]): SourceFile[] {
  const found: SourceFile[] = [];
  const absolute = join(ROOT, folder);
  if (!existsSync(absolute)) return found;
  for (const entry of readdirSync(absolute, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !endings.some((ending) => entry.name.endsWith(ending))) continue;
    const path = relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/');
    if (path.includes('node_modules/')) continue;
    found.push({ path, text: readFileSync(join(ROOT, path), 'utf8') });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function parse(file: SourceFile): ts.SourceFile {
  return ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
}

/** Calls `visit` for every node of a file. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

export function importsOf(file: SourceFile): Import[] {
  const imports: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier === undefined) return;
    if (!ts.isStringLiteralLike(specifier)) throw new Error(`${file.path} imports by a computed name`);
    const relativeTo = posix.dirname(file.path);
    const target = specifier.text.startsWith('.') ? posix.join(relativeTo, specifier.text) : specifier.text;
    imports.push({ specifier: specifier.text, target, typeOnly });
  };
  walk(parse(file), (node) => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node)) add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node, true);
    else if (ts.isExternalModuleReference(node)) add(node.expression, false);
    else if (ts.isCallExpression(node) && isModuleCall(node.expression)) add(node.arguments[0], false);
  });
  return imports;
}

function isModuleCall(callee: ts.Node): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
}

/** The folder of the build. Throws where it is missing or older than a source file. */
export function freshBuild(): string {
  const dist = join(ROOT, 'dist');
  // In the order in which they are written: a build that broke off lacks the last.
  const built = Object.keys(ENTRIES).flatMap((name) => [`${name}.js`, `commonjs/${name}.cjs`, `commonjs/${name}.mjs`]);
  const oldest = Math.min(...built.map((name) => modified(join(dist, name))));
  for (const { path } of [...filesBelow('protocol', '.ts'), ...filesBelow('drivers', '.ts')]) {
    if (modified(join(ROOT, path)) > oldest) throw new Error(`dist/ is missing or older than ${path}: npm run build`);
  }
  return dist;
}

function modified(path: string): number {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

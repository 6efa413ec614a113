/**
 * The public surface of the built package, as text: for each entry point what it exports, by name, with its declaration,
 * and the declarations behind those that it does not export. Comments and private members are left out.
 *
 * Run as a program (`npm run api:update`), it writes the reports in test/api/ anew.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { ENTRIES, specifierOf } from '../../build/entries.ts';
import { ROOT, freshBuild } from './source.ts';

const NAMES = Object.keys(ENTRIES);

export function reportPath(entry: string): string {
  return join(ROOT, 'test/api', `${entry.replaceAll('/', '-')}.api.md`);
}

/** What the entry points of the built package export, by name of the entry, as a compiler sees it. */
export interface Surface {
  readonly checker: ts.TypeChecker;
  readonly files: ReadonlyMap<string, ts.SourceFile>;
  readonly exports: Surfaces;
}

/** Reads the declarations of all entry points. */
export function readSurface(dist = freshBuild()): Surface {
  const paths = NAMES.map((entry) => join(dist, 'types', ENTRIES[entry].replace(/\.ts$/, '.d.ts')));
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
    noEmit: true,
  };
  const program = ts.createProgram(paths, options);
  const checker = program.getTypeChecker();
  const files = new Map(NAMES.map((entry, i) => [entry, program.getSourceFile(paths[i])!]));
  const exports = new Map([...files].map(([entry, file]) => [entry, exportsOf(file, checker)]));
  return { checker, files, exports };
}

/** The reports of all entry points, by name. */
export function apiReports(dist = freshBuild()): Map<string, string> {
  const { checker, files, exports } = readSurface(dist);
  return new Map([...files].map(([entry, file]) => [entry, report(entry, exports, typesOf(file, checker), checker)]));
}

/** What an entry point exports, in order of the names. */
function exportsOf(file: ts.SourceFile, checker: ts.TypeChecker): Map<ts.Symbol, string> {
  const module = checker.getSymbolAtLocation(file);
  const symbols = module === undefined ? [] : checker.getExportsOfModule(module);
  const sorted = [...symbols].sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(sorted.map((symbol) => [resolveAlias(symbol, checker), symbol.name]));
}

/** The names of the classes and functions of which a file exports the type alone. */
function typesOf(file: ts.SourceFile, checker: ts.TypeChecker): Set<string> {
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(file)!);
  const hasValue = (symbol: ts.Symbol) => resolveAlias(symbol, checker).flags & ts.SymbolFlags.Value;
  return new Set(symbols.filter((one) => isTypeOnly(one) && hasValue(one)).map(({ name }) => name));
}

/** Whether `export type` keeps a class from being a value. */
function isTypeOnly({ declarations }: ts.Symbol): boolean {
  const [specifier] = declarations ?? [];
  return specifier !== undefined && ts.isExportSpecifier(specifier) && ts.isTypeOnlyExportDeclaration(specifier);
}

function report(entry: string, surfaces: Surfaces, types: ReadonlySet<string>, checker: ts.TypeChecker): string {
  const exported = surfaces.get(entry)!;
  const behind = new Set<ts.Symbol>();
  const sections = [...exported].map(([symbol, name]) => {
    const text = section(name, symbol, checker, exported, behind);
    return types.has(name) ? text.replace('```ts\n', '```ts\n// its type alone\n') : text;
  });

  // The set grows while it is walked: what stands behind a declaration behind. What another entry exports is told there.
  const elsewhere: string[] = [];
  const nowhere: string[] = [];
  for (const symbol of behind) {
    const other = [...surfaces].find(([, surface]) => surface.has(symbol));
    if (other !== undefined) elsewhere.push(`- \`${other[1].get(symbol)!}\` of \`${specifierOf(other[0])}\``);
    else nowhere.push(section(symbol.name, symbol, checker, exported, behind));
  }

  const lines = [
    `# ${specifierOf(entry)}`,
    '',
    'Written by `npm run api:update`; a test compares it with the build.',
    '',
  ];
  lines.push(...sections);
  if (elsewhere.length > 0) lines.push('# Named above, exported by another entry', '', ...elsewhere.sort(), '');
  if (nowhere.length > 0) lines.push('# Named above, exported by none', '', ...nowhere.sort());
  return `${lines.join('\n').trimEnd()}\n`;
}

type Surfaces = ReadonlyMap<string, ReadonlyMap<ts.Symbol, string>>;

function resolveAlias(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function section(
  name: string,
  symbol: ts.Symbol,
  checker: ts.TypeChecker,
  exported: ReadonlyMap<ts.Symbol, string>,
  behind: Set<ts.Symbol>,
): string {
  const declarations = (symbol.declarations ?? []).map((declaration) => print(declaration));
  for (const declaration of symbol.declarations ?? []) collect(declaration, checker, exported, behind);
  return `## ${name}\n\n\`\`\`ts\n${declarations.join('\n')}\n\`\`\`\n`;
}

/** Notes the symbols of this package that a declaration names and the entry does not export. */
function collect(
  root: ts.Node,
  checker: ts.TypeChecker,
  exported: ReadonlyMap<ts.Symbol, string>,
  behind: Set<ts.Symbol>,
): void {
  const visit = (node: ts.Node): void => {
    if (isHidden(node)) return;
    if (ts.isIdentifier(node)) {
      const named = checker.getSymbolAtLocation(node);
      const symbol = named === undefined ? undefined : resolveAlias(named, checker);
      const declaration = symbol?.declarations?.[0];
      if (symbol !== undefined && declaration !== undefined && isTopLevel(declaration) && !exported.has(symbol)) {
        behind.add(symbol);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(root);
}

function isTopLevel(declaration: ts.Declaration): boolean {
  const file = declaration.getSourceFile();
  if (file.fileName.includes('node_modules')) return false;
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return ts.isSourceFile(statement.parent) && !ts.isImportDeclaration(statement);
}

/** Private members and `#names`: no part of the surface. */
function isHidden(node: ts.Node): boolean {
  if (ts.isClassElement(node) && node.name !== undefined && ts.isPrivateIdentifier(node.name)) return true;
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.PrivateKeyword)
  );
}

/** A declaration as it is written, without what is hidden; with the comments on its members if they are wanted. */
export function print(declaration: ts.Declaration, removeComments = true): string {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const { transformed } = ts.transform(node as ts.Node, [
    (context) => {
      const visit = (one: ts.Node): ts.Node | undefined =>
        isHidden(one) ? undefined : ts.visitEachChild(one, visit, context);
      return (root) => visit(root)!;
    },
  ]);
  const printer = ts.createPrinter({ removeComments, newLine: ts.NewLineKind.LineFeed });
  const text = printer.printNode(ts.EmitHint.Unspecified, transformed[0], declaration.getSourceFile());
  return text.replace(/^export /, '');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  mkdirSync(join(ROOT, 'test/api'), { recursive: true });
  for (const [entry, text] of apiReports()) {
    writeFileSync(reportPath(entry), text);
    console.log(`wrote test/api/${basename(reportPath(entry))}`);
  }
}

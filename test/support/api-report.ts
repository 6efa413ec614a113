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
import { ROOT, freshBuild } from './source.ts';

export const ENTRIES = ['index', 'protocol', 'node', 'pipe', 'web'] as const;

export function reportPath(entry: string): string {
  return join(ROOT, 'test/api', `${entry}.api.md`);
}

/** The reports of all entry points, by name. */
export function apiReports(dist = freshBuild()): Map<string, string> {
  const files = ENTRIES.map((entry) => join(dist, `${entry}.d.ts`));
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
    noEmit: true,
  };
  const program = ts.createProgram(files, options);
  const checker = program.getTypeChecker();
  const surfaces = new Map(ENTRIES.map((entry, i) => [entry, exportsOf(program.getSourceFile(files[i])!, checker)]));
  return new Map(ENTRIES.map((entry) => [entry, report(entry, surfaces, checker)]));
}

/** What an entry point exports, in order of the names. */
function exportsOf(file: ts.SourceFile, checker: ts.TypeChecker): Map<ts.Symbol, string> {
  const module = checker.getSymbolAtLocation(file);
  const symbols = module === undefined ? [] : checker.getExportsOfModule(module);
  const sorted = [...symbols].sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(sorted.map((symbol) => [resolveAlias(symbol, checker), symbol.name]));
}

function report(entry: string, surfaces: Surfaces, checker: ts.TypeChecker): string {
  const exported = surfaces.get(entry)!;
  const behind = new Set<ts.Symbol>();
  const sections = [...exported].map(([symbol, name]) => section(name, symbol, checker, exported, behind));

  // The set grows while it is walked: what stands behind a declaration behind. What another entry exports is told there.
  const elsewhere: string[] = [];
  const nowhere: string[] = [];
  for (const symbol of behind) {
    const other = [...surfaces].find(([, surface]) => surface.has(symbol));
    if (other !== undefined) elsewhere.push(`- \`${other[1].get(symbol)!}\` of \`${moduleName(other[0])}\``);
    else nowhere.push(section(symbol.name, symbol, checker, exported, behind));
  }

  const lines = [
    `# ${moduleName(entry)}`,
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

function moduleName(entry: string): string {
  return entry === 'index' ? 'sansocket' : `sansocket/${entry}`;
}

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

function print(declaration: ts.Declaration): string {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const { transformed } = ts.transform(node as ts.Node, [
    (context) => {
      const visit = (one: ts.Node): ts.Node | undefined =>
        isHidden(one) ? undefined : ts.visitEachChild(one, visit, context);
      return (root) => visit(root)!;
    },
  ]);
  const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });
  return printer.printNode(ts.EmitHint.Unspecified, transformed[0], declaration.getSourceFile());
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  mkdirSync(join(ROOT, 'test/api'), { recursive: true });
  for (const [entry, text] of apiReports()) {
    writeFileSync(reportPath(entry), text);
    console.log(`wrote test/api/${basename(reportPath(entry))}`);
  }
}

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
  return new Map(ENTRIES.map((entry, i) => [entry, report(entry, program.getSourceFile(files[i])!, program)]));
}

function report(entry: string, file: ts.SourceFile, program: ts.Program): string {
  const checker = program.getTypeChecker();
  const exported = new Map<ts.Symbol, string>();
  const sections: string[] = [];
  const module = checker.getSymbolAtLocation(file);
  const symbols = module === undefined ? [] : checker.getExportsOfModule(module);
  for (const symbol of [...symbols].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    exported.set(symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol, symbol.name);
  }

  const behind = new Set<ts.Symbol>();
  for (const [symbol, name] of exported) sections.push(section(name, symbol, checker, exported, behind));

  const rest: string[] = [];
  // The set grows while it is walked: what stands behind a declaration behind.
  for (const symbol of behind) rest.push(section(symbol.name, symbol, checker, exported, behind));

  const name = entry === 'index' ? 'sansocket' : `sansocket/${entry}`;
  const lines = [
    `# ${name}`,
    '',
    'Written by `npm run api:update`; a test compares it with the build.',
    '',
    ...sections,
  ];
  if (rest.length > 0) lines.push('# Not exported, but named above', '', ...rest.sort());
  return `${lines.join('\n').trimEnd()}\n`;
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
      let symbol = checker.getSymbolAtLocation(node);
      if (symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
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

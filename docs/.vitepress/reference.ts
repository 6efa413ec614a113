/** The pages of the reference, from the declarations of the built package: they can't tell what is not so. */
import { format } from 'prettier';
import ts from 'typescript';
import { ENTRIES, specifierOf } from '../../build/entries.ts';
import { print, readSurface, type Surface } from '../../test/support/api-report.ts';
import { referencePage } from './contents.ts';

/** A page, as VitePress takes it from a file `[entry].paths.ts`. */
export interface ReferencePage {
  readonly params: { readonly entry: string };
  readonly content: string;
}

/** What kinds of exports there are, in the order in which a page has them. */
const KINDS = ['Functions', 'Classes', 'Values', 'Types'] as const;

function kindOf(symbol: ts.Symbol, { checker }: Surface): (typeof KINDS)[number] {
  if (symbol.flags & ts.SymbolFlags.Class) return 'Classes';
  // Some functions are values that have others on them.
  if (checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0) return 'Functions';
  return symbol.flags & (ts.SymbolFlags.Variable | ts.SymbolFlags.Module) ? 'Values' : 'Types';
}

/** A page for each entry of the package. Throws where the package is not built. */
export function referencePages(): Promise<ReferencePage[]> {
  const surface = readSurface();
  const pages = Object.keys(ENTRIES).map(async (entry) => ({
    params: { entry: referencePage(entry).replace(/^reference\//, '') },
    content: await pageOf(entry, surface),
  }));
  return Promise.all(pages);
}

async function pageOf(entry: string, surface: Surface): Promise<string> {
  const explanation = explanationOf(ts.getJSDocCommentsAndTags(surface.files.get(entry)!.statements[0]));
  const sections: string[] = [];
  for (const [kind, members] of membersOf(entry, surface)) {
    sections.push(`## ${kind}`);
    for (const [symbol, name] of members) sections.push(await sectionOf(symbol, name, entry, surface));
  }
  const head = [`# ${specifierOf(entry)}`, explanation, `\`\`\`ts\nimport { … } from '${specifierOf(entry)}';\n\`\`\``];
  return [...head, ...sections].join('\n\n');
}

/** What an entry exports, in the order in which its page has it. */
function membersOf(entry: string, surface: Surface): [kind: string, members: [ts.Symbol, string][]][] {
  const exported = [...surface.exports.get(entry)!];
  return KINDS.map((kind): [string, [ts.Symbol, string][]] => [
    kind,
    exported.filter(([symbol]) => kindOf(symbol, surface) === kind),
  ]).filter(([, members]) => members.length > 0);
}

/** The anchor of each export on its page: `listen` and `Listen` have the same but for a number. */
function anchorsOf(entry: string, surface: Surface): Map<ts.Symbol, string> {
  const taken = new Map<string, number>();
  const take = (heading: string): string => {
    const anchor = heading.toLowerCase();
    const count = taken.get(anchor) ?? 0;
    taken.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  };
  take(specifierOf(entry));
  return new Map(
    membersOf(entry, surface).flatMap(([kind, members]) => {
      take(kind);
      return members.map(([symbol, name]): [ts.Symbol, string] => [symbol, take(name)]);
    }),
  );
}

async function sectionOf(symbol: ts.Symbol, name: string, entry: string, surface: Surface): Promise<string> {
  const declarations = symbol.declarations ?? [];
  const explanation = declarations.map((one) => explanationOf(ts.getJSDocCommentsAndTags(one))).join('\n\n');
  const printed = declarations.map((one) => print(one, false).replace(/^\/\*\*[^]*?\*\/\s*/, '')).join('\n');
  const code = await format(printed.replace(/^export /gm, ''), {
    parser: 'typescript',
    printWidth: 80,
    singleQuote: true,
  });
  const names = [...namesIn(declarations, symbol, entry, surface)];
  const others = names.length === 0 ? '' : `Names: ${names.sort().join(', ')}`;
  return `### ${name}\n\n${explanation}\n\n\`\`\`ts\n${code}\`\`\`\n\n${others}`;
}

/** Links to what a declaration names: to the same page if it stands there, to another entry's otherwise. */
function namesIn(declarations: readonly ts.Node[], self: ts.Symbol, entry: string, surface: Surface): Set<string> {
  const found = new Set<string>();
  const pages = [entry, ...surface.exports.keys()];
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    if (!ts.isIdentifier(node)) return;
    const named = surface.checker.getSymbolAtLocation(node);
    if (named === undefined) return;
    const symbol = named.flags & ts.SymbolFlags.Alias ? surface.checker.getAliasedSymbol(named) : named;
    const page = pages.find((one) => surface.exports.get(one)!.has(symbol));
    if (symbol === self || page === undefined) return;
    const name = surface.exports.get(page)!.get(symbol)!;
    const path = page === entry ? '' : `./${referencePage(page).replace(/^reference\//, '')}.md`;
    found.add(`[\`${name}\`](${path}#${anchorsOf(page, surface).get(symbol)!})`);
  };
  for (const declaration of declarations) visit(declaration);
  return found;
}

/** What a comment says, for a page: what looks like a tag or a template in it is neither. */
function explanationOf(comments: readonly (ts.JSDoc | ts.JSDocTag)[]): string {
  const text = comments.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '').join('\n\n');
  const parts = text.split(/(`[^`]*`)/);
  return parts
    .map((part, i) => (i % 2 === 0 ? part.replaceAll('<', '&lt;').replaceAll('{{', '{\u200b{') : part))
    .join('');
}

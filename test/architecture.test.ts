/** The rules of the house (docs: CONTRIBUTING.md), as tests that fail when one of them is broken. */
import { basename, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { ROOT, filesBelow, importsOf, parse, walk } from './support/source.ts';
import type { Import, SourceFile } from './support/source.ts';

const core = filesBelow('protocol', '.ts');
const drivers = filesBelow('drivers', '.ts');
const sources = new Map([...core, ...drivers].map((file) => [file.path, file]));
const importsByPath = new Map([...sources.values()].map((file) => [file.path, importsOf(file)]));

/** What the drivers share: the only place where they meet. */
const SHARED = [
  'transport',
  'clock',
  'pump',
  'send-queue',
  'socket',
  'socket-events',
  'handlers',
  'admission',
  'observer',
  'slow-consumers',
  'vocabulary',
].map((name) => `drivers/${name}.ts`);

/** Packages that become part of the build, and that node/ alone imports. */
const BUNDLED = new Set(['proxy-from-env', 'socks']);

/** What a folder of the core may not know, by types or values. */
const UNKNOWN_TO: Record<string, string[]> = {
  framing: ['message', 'closing', 'handshake', 'permessage-deflate'],
  message: ['framing', 'closing', 'handshake'],
  closing: ['message', 'handshake', 'permessage-deflate'],
  handshake: ['framing', 'message', 'closing', 'permessage-deflate'],
  'permessage-deflate': ['framing', 'message', 'closing'],
};

test('there is something to check', () => {
  expect(core.length).toBeGreaterThan(5);
  expect(drivers.length).toBeGreaterThan(5);
});

describe('1. the core stands alone', () => {
  test('protocol/ imports only protocol/, relatively and with the extension', () => {
    const wrong = offences(core, ({ specifier, target }) =>
      /^\.\.?\//.test(specifier) && target.startsWith('protocol/') && sources.has(target) ? undefined : specifier,
    );
    expect(wrong).toEqual([]);
  });

  test('it compiles with no Node and no DOM types', () => {
    const { config } = ts.readConfigFile(join(ROOT, 'protocol/tsconfig.json'), ts.sys.readFile);
    const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, join(ROOT, 'protocol'));
    expect(options.types).toEqual([]);
    expect(options.lib).toEqual(['lib.es2022.d.ts']);
    expect(fileNames.length).toBe(core.length);
    const program = ts.createProgram(fileNames, options);
    const diagnostics = ts
      .getPreEmitDiagnostics(program)
      .map((one) => ts.flattenDiagnosticMessageText(one.messageText, '\n'));
    expect(diagnostics).toEqual([]);
  }, 120_000);

  test('it declares no global of its own and knows no calendar', () => {
    const wrong = found(core, (node) => {
      if (ts.isModuleDeclaration(node)) return 'declare';
      if (ts.isVariableStatement(node) && has(node, ts.SyntaxKind.DeclareKeyword)) return 'declare';
      if (ts.isIdentifier(node) && node.text === 'Date') return 'Date';
      return undefined;
    });
    expect(wrong).toEqual([]);
  });

  test('it has no state at module level', () => {
    const wrong = core.flatMap((file) => parse(file).statements.flatMap((statement) => stateIn(statement, file)));
    expect(wrong).toEqual([]);
  });
});

describe('2. the rooms of the core', () => {
  for (const [folder, unknown] of Object.entries(UNKNOWN_TO)) {
    const files = core.filter(({ path }) => path.startsWith(`protocol/${folder}/`));

    test(`${folder} knows no ${unknown.join(', no ')}, and nothing above it`, () => {
      const wrong = offences(files, ({ target }) => {
        const [, room] = target.split('/');
        if (room === 'connection.ts' || room === 'index.ts') return target;
        return unknown.includes(room) ? target : undefined;
      });
      expect(wrong).toEqual([]);
    });

    test(`${folder} reaches none of them at run time by another way`, () => {
      const reached = files.flatMap(({ path }) => [...reach(path)].map((target) => `${path} → ${target}`));
      expect(reached.filter((line) => unknown.some((other) => line.includes(`→ protocol/${other}/`)))).toEqual([]);
    });
  }

  test('connection.ts alone sees them all: nothing else leads to both the wire and the opening handshake', () => {
    const seeing = core.filter(({ path }) => {
      const rooms = new Set([...reach(path)].map((target) => target.split('/')[1]));
      return rooms.has('framing') && rooms.has('handshake');
    });
    // machine.ts is what stands behind connection.ts, and opening-phase.ts a part of it; nothing else imports them.
    const doors = ['connection', 'index', 'machine'].map((name) => `protocol/${name}.ts`);
    expect(seeing.map(({ path }) => path)).toEqual(doors);
    const users = offences(core, ({ target }) => (target === 'protocol/machine.ts' ? target : undefined));
    const own = /^protocol\/(connection|opening-phase)\.ts/;
    expect(users.filter((line) => !own.test(line))).toEqual([]);
  });
});

describe('3. the drivers', () => {
  test('they take the core by its door', () => {
    const wrong = offences(drivers, ({ target }) =>
      target.startsWith('protocol/') && target !== 'protocol/index.ts' ? target : undefined,
    );
    expect(wrong).toEqual([]);
  });

  test('every relative import names a file', () => {
    const wrong = offences(drivers, ({ specifier, target }) =>
      specifier.startsWith('.') && !sources.has(target) ? specifier : undefined,
    );
    expect(wrong).toEqual([]);
  });

  test('only node/ imports from Node, and nothing imports a package but those that the build takes in', () => {
    const wrong = offences(drivers, ({ specifier, typeOnly }, { path }) => {
      if (specifier.startsWith('.')) return undefined;
      // The main entry takes what node:http hands out, and names its types.
      const allowed = path.startsWith('drivers/node/') || (path === 'drivers/index.ts' && typeOnly);
      return (specifier.startsWith('node:') || BUNDLED.has(specifier)) && allowed ? undefined : specifier;
    });
    expect(wrong).toEqual([]);
  });

  test('what they share is these files, which know no driver', () => {
    const atRoot = drivers.filter(({ path }) => path.split('/').length === 2 && path !== 'drivers/index.ts');
    expect(atRoot.map(({ path }) => path).filter((path) => !SHARED.includes(path))).toEqual([]);
    const wrong = offences(atRoot, ({ target }) =>
      target === 'protocol/index.ts' || SHARED.includes(target) ? undefined : target,
    );
    expect(wrong).toEqual([]);
  });

  test('they meet nowhere else: only an index.ts puts a face on a driver', () => {
    const wrong = offences(
      drivers.filter(({ path }) => basename(path) !== 'index.ts'),
      ({ specifier, target }, { path }) => {
        const own = path.split('/').slice(0, 2).join('/');
        const known = target === 'protocol/index.ts' || SHARED.includes(target) || target.startsWith(`${own}/`);
        return !specifier.startsWith('.') || known ? undefined : target;
      },
    );
    expect(wrong).toEqual([]);
  });

  test('they decide nothing by a close code', () => {
    // The WHATWG face checks the codes that its caller gives, as the standard writes them down.
    const files = drivers.filter(({ path }) => !path.startsWith('drivers/web/'));
    const wrong = found(files, (node) => {
      if (!ts.isBinaryExpression(node) || !isComparison(node.operatorToken.kind)) return undefined;
      const sides = [node.left, node.right];
      const code = sides.some((side) => /\bcode$/i.test(side.getText()));
      return code && sides.some((side) => ts.isNumericLiteral(side)) ? node.getText() : undefined;
    });
    expect(wrong).toEqual([]);
  });

  test('they take no bytes apart', () => {
    const wrong = found(drivers, (node) => {
      const masks = ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AmpersandToken;
      return masks && ts.isElementAccessExpression(node.left) ? node.getText() : undefined;
    });
    expect(wrong).toEqual([]);
  });
});

describe('4. one room, one concept', () => {
  // Tests mirror their sources, one file each, or a suite for several alike: they are as long as the cases are many.
  const all = [...core, ...drivers, ...['test', 'fuzz', 'autobahn'].flatMap((folder) => filesBelow(folder, '.ts'))];

  test('no file has more than 400 lines', () => {
    const lengths = all
      .filter(({ path }) => !/(\.test|-suite)\.ts$/.test(path))
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }));
    expect(lengths.filter(({ lines }) => lines > 400)).toEqual([]);
  });
});

describe('5. time', () => {
  test('the drivers ask a clock.ts for it, the pipe asks turn.ts for a turn of the event loop, and nothing else does', () => {
    const asking = /^(setTimeout|setInterval|setImmediate|Date|performance)$/;
    const wrong = found(
      drivers.filter(({ path }) => basename(path) !== 'clock.ts' && path !== 'drivers/pipe/turn.ts'),
      (node) => (ts.isIdentifier(node) && asking.test(node.text) && !isMember(node) ? node.text : undefined),
    );
    expect(wrong).toEqual([]);
  });
});

describe('6. shapes', () => {
  test('a class of the core sets every field in its constructor', () => {
    const wrong = found(core, (node) => {
      if (!ts.isPropertyDeclaration(node)) return undefined;
      return node.exclamationToken || node.questionToken ? node.getText() : undefined;
    });
    expect(wrong).toEqual([]);
  });
});

/** The imports of `files` that `judge` finds wrong, as 'path: what'. */
function offences(files: SourceFile[], judge: (one: Import, file: SourceFile) => string | undefined): string[] {
  return files.flatMap((file) =>
    importsByPath.get(file.path)!.flatMap((one) => {
      const wrong = judge(one, file);
      return wrong === undefined ? [] : [`${file.path}: ${wrong}`];
    }),
  );
}

/** The nodes of `files` that `judge` finds wrong, as 'path:line: what'. */
function found(files: SourceFile[], judge: (node: ts.Node) => string | undefined): string[] {
  const wrong: string[] = [];
  for (const file of files) {
    const tree = parse(file);
    walk(tree, (node) => {
      const what = judge(node);
      if (what !== undefined) wrong.push(`${at(node, file)}: ${what}`);
    });
  }
  return wrong;
}

/** What a statement at module level keeps that can change: bindings, containers to fill, static fields. */
function stateIn(statement: ts.Statement, file: SourceFile): string[] {
  if (ts.isVariableStatement(statement)) {
    if (has(statement, ts.SyntaxKind.DeclareKeyword)) return [];
    if (!(statement.declarationList.flags & ts.NodeFlags.Const))
      return [`${at(statement, file)}: ${statement.getText()}`];
    return statement.declarationList.declarations.flatMap(({ initializer, type }) =>
      initializer !== undefined && isEmptyContainer(initializer) && !/^readonly /.test(type?.getText() ?? '')
        ? [`${at(initializer, file)}: ${initializer.getText()}`]
        : [],
    );
  }
  if (ts.isClassDeclaration(statement)) {
    return statement.members.flatMap((member) =>
      ts.isPropertyDeclaration(member) &&
      has(member, ts.SyntaxKind.StaticKeyword) &&
      !has(member, ts.SyntaxKind.ReadonlyKeyword)
        ? [`${at(member, file)}: ${member.getText()}`]
        : [],
    );
  }
  return [];
}

/** `[]`, `{}`, `new Map()`, `new Uint8Array(4)`: made to be filled later. A table is made by a function, whole. */
function isEmptyContainer(node: ts.Expression): boolean {
  if (ts.isArrayLiteralExpression(node)) return node.elements.length === 0;
  if (ts.isObjectLiteralExpression(node)) return node.properties.length === 0;
  if (!ts.isNewExpression(node)) return false;
  const argument = node.arguments?.[0];
  const name = node.expression.getText();
  if (/^(Weak)?(Map|Set)$/.test(name)) return argument === undefined;
  if (!/Array$|Buffer$/.test(name)) return false;
  return argument === undefined || (ts.isNumericLiteral(argument) && argument.text !== '0');
}

/** Everything that a file imports at run time, directly and through others. */
function reach(path: string, seen = new Set<string>()): Set<string> {
  for (const target of values(path)) {
    if (seen.has(target)) continue;
    seen.add(target);
    reach(target, seen);
  }
  return seen;
}

function values(path: string): string[] {
  return importsByPath
    .get(path)!
    .filter(({ typeOnly, target }) => !typeOnly && sources.has(target))
    .map(({ target }) => target);
}

function isMember(node: ts.Identifier): boolean {
  const { parent } = node;
  return (ts.isPropertyAccessExpression(parent) && parent.name === node) || ts.isTypeNode(parent);
}

function isComparison(kind: ts.SyntaxKind): boolean {
  const { EqualsEqualsEqualsToken, ExclamationEqualsEqualsToken, LessThanToken, GreaterThanToken } = ts.SyntaxKind;
  const orEqual = [ts.SyntaxKind.LessThanEqualsToken, ts.SyntaxKind.GreaterThanEqualsToken];
  return [EqualsEqualsEqualsToken, ExclamationEqualsEqualsToken, LessThanToken, GreaterThanToken, ...orEqual].includes(
    kind,
  );
}

function has(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === kind);
}

function at(node: ts.Node, file: SourceFile): string {
  return `${file.path}:${node.getSourceFile().getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}

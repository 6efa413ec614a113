/** The rules of the house (docs: CONTRIBUTING.md), as tests that fail when one of them is broken. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { describeSeams } from '../drivers/node/internals/seams.ts';
import { ALONE } from '../vitest.config.ts';
import { ROOT, filesBelow, importsOf, parse, walk } from './support/source.ts';
import type { Import, SourceFile } from './support/source.ts';

const core = filesBelow('protocol', '.ts');
const drivers = filesBelow('drivers', '.ts').filter(({ path }) => !path.startsWith('drivers/cli/'));
const sources = new Map([...core, ...drivers].map((file) => [file.path, file]));
const importsByPath = new Map([...sources.values()].map((file) => [file.path, importsOf(file)]));

/** What the drivers share: the only place where they meet. */
const SHARED = drivers
  .map(({ path }) => path)
  .filter((path) => path.startsWith('drivers/socket/') || /^drivers\/(transport|clock|driver)\.ts$/.test(path));

/** Packages that become part of the build, and that node/ and the command alone import. */
const BUNDLED = new Set(['commander', 'picocolors', 'proxy-from-env', 'socks']);

/** The doors of the core: what anybody may use, and what the drivers alone do. */
const DOORS = ['protocol/index.ts', 'protocol/internal.ts'];

/** The command stands on the entries, as a user's program does: what holds for drivers does not for it. */
const command = filesBelow('drivers/cli', '.ts');

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
        if (room === 'connection.ts' || DOORS.includes(target)) return target;
        return unknown.includes(room) ? target : undefined;
      });
      expect(wrong).toEqual([]);
    });

    test(`${folder} reaches none of them at run time by another way`, () => {
      const reached = files.flatMap(({ path }) => [...reach(path)].map((target) => `${path} → ${target}`));
      expect(reached.filter((line) => unknown.some((other) => line.includes(`→ protocol/${other}/`)))).toEqual([]);
    });
  }

  test.each(['memory', 'text'])('%s knows nothing of the protocol', (folder) => {
    const files = core.filter(({ path }) => path.startsWith(`protocol/${folder}/`));
    expect(files.length).toBeGreaterThan(1);
    const wrong = offences(files, ({ target }) => (target.startsWith(`protocol/${folder}/`) ? undefined : target));
    expect(wrong).toEqual([]);
  });

  test('connection.ts alone sees them all: nothing else leads to both the wire and the opening handshake', () => {
    const seeing = core.filter(({ path }) => {
      const rooms = new Set([...reach(path)].map((target) => target.split('/')[1]));
      return rooms.has('framing') && rooms.has('handshake');
    });
    expect(seeing.map(({ path }) => path)).toEqual(['protocol/connection.ts', ...DOORS]);
    // lifecycle.ts is what stands behind connection.ts; deadlines.ts, input.ts and opening.ts are parts of it. Nothing else imports them.
    const users = offences(core, ({ target }) => (target === 'protocol/lifecycle.ts' ? target : undefined));
    const own = /^protocol\/(connection|deadlines|input|opening)\.ts/;
    expect(users.filter((line) => !own.test(line))).toEqual([]);
  });
});

describe('3. the drivers', () => {
  test('they take the core by its doors', () => {
    const wrong = offences(drivers, ({ target }) =>
      target.startsWith('protocol/') && !DOORS.includes(target) ? target : undefined,
    );
    expect(wrong).toEqual([]);
  });

  test('every relative import names a file', () => {
    const wrong = offences(drivers, ({ specifier, target }) =>
      specifier.startsWith('.') && !sources.has(target) ? specifier : undefined,
    );
    expect(wrong).toEqual([]);
  });

  test('only node/ and the face of `ws` import from Node, and nothing a package but those that the build takes in', () => {
    const wrong = offences(drivers, ({ specifier, typeOnly }, { path }) => {
      if (specifier.startsWith('.')) return undefined;
      // The main entry takes what node:http hands out, and names its types.
      // So does the face of a library of Node's, which lets node:http do the opening handshake.
      const allowed = /^drivers\/(node|ws)\//.test(path) || (path === 'drivers/index.ts' && typeOnly);
      return (specifier.startsWith('node:') || BUNDLED.has(specifier)) && allowed ? undefined : specifier;
    });
    expect(wrong).toEqual([]);
  });

  test('what they share is socket/ and the files beside it, which know no driver', () => {
    const atRoot = drivers.filter(({ path }) => path.split('/').length === 2 && path !== 'drivers/index.ts');
    expect(atRoot.map(({ path }) => path).filter((path) => !SHARED.includes(path))).toEqual([]);
    const shared = drivers.filter(({ path }) => SHARED.includes(path));
    const wrong = offences(shared, ({ target }) =>
      DOORS.includes(target) || SHARED.includes(target) ? undefined : target,
    );
    expect(wrong).toEqual([]);
  });

  test('they meet nowhere else: only an index.ts puts a face on a driver', () => {
    const wrong = offences(
      drivers.filter(({ path }) => basename(path) !== 'index.ts'),
      ({ specifier, target }, { path }) => {
        const own = path.split('/').slice(0, 2).join('/');
        const known = DOORS.includes(target) || SHARED.includes(target) || target.startsWith(`${own}/`);
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

  test('they know no size of a frame’s parts but by the name that the core gives it', () => {
    // RFC 6455 §5.2: a header of 14 bytes at most; §5.5: 125 bytes in a control frame.
    const wrong = found(drivers, (node) =>
      ts.isNumericLiteral(node) && ['14', '125'].includes(node.text) ? node.parent.getText() : undefined,
    );
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

describe('the command', () => {
  test('takes what it needs of the package by its doors', () => {
    const doors = ['drivers/index.ts', 'drivers/node/zlib/codec.ts', ...DOORS, 'autobahn/main.ts'];
    const wrong = command.flatMap((file) =>
      importsOf(file).flatMap(({ specifier, target }) => {
        const isKnown = specifier.startsWith('.')
          ? doors.includes(target) || target.startsWith('drivers/cli/')
          : specifier.startsWith('node:') || BUNDLED.has(specifier);
        return isKnown ? [] : [`${file.path}: ${specifier}`];
      }),
    );
    expect(command.length).toBeGreaterThan(5);
    expect(wrong).toEqual([]);
  });
});

describe('4. one room, one concept', () => {
  // Tests mirror their sources, one file each, or a suite for several alike: they are as long as the cases are many.
  const all = [
    ...core,
    ...drivers,
    ...command,
    ...['test', 'fuzz', 'autobahn'].flatMap((folder) => filesBelow(folder, '.ts')),
  ];

  test('no file has more than 400 lines', () => {
    const lengths = all
      .filter(({ path }) => !/(\.test|-suite)\.ts$/.test(path))
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }));
    expect(lengths.filter(({ lines }) => lines > 400)).toEqual([]);
  });
});

describe('no rings', () => {
  test('no imports lead back to where they began, those of types included', () => {
    const ways = [...sources.keys()].filter((path) => reach(path, everything).has(path));
    expect(ways).toEqual([]);
  });
});

describe('tests mirror their sources', () => {
  /** The rows of test/README.md: paths of sources, and of the tests that hold them. */
  const rows = [...readFileSync(join(ROOT, 'test/README.md'), 'utf8').matchAll(/^\| (`.*) \| (`.*) \|$/gm)].map(
    ([, files, tests]) => ({ files: patternsOf(files), tests: patternsOf(tests) }),
  );
  const known = ['test', 'fuzz'].flatMap((folder) => filesBelow(folder, '.test.ts')).map(({ path }) => path);

  test('each file is held by the test of its name, or by one that test/README.md names', () => {
    const unheld = [...core, ...drivers, ...command]
      .map(({ path }) => path)
      .filter((path) => !known.includes(`test/${path.replace(/\.ts$/, '.test.ts')}`))
      .filter((path) => !rows.some(({ files }) => files.some((pattern) => pattern.test(path))));
    expect(unheld).toEqual([]);
  });

  test('test/README.md names files and tests that there are', () => {
    const sourcePaths = [...core, ...drivers, ...command].map(({ path }) => path);
    const wrong = rows.flatMap(({ files, tests }) => [
      ...files.filter((pattern) => !sourcePaths.some((path) => pattern.test(path))),
      ...tests.filter((pattern) => !known.some((path) => pattern.test(path))),
    ]);
    expect(rows.length).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
  });

  /** What a cell names, commands left out: `*` is any part of a file's name. */
  function patternsOf(cell: string): RegExp[] {
    return [...cell.matchAll(/`([^`]+)`/g)]
      .filter(([, path]) => !path.startsWith('npm run '))
      .map(([, path]) => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`));
  }
});

test('a test that replaces a module runs in a process of its own: others have loaded it already', () => {
  const replacing = filesBelow('test', '.test.ts').filter(({ text }) =>
    /^ *vi\.(mock|doMock|resetModules)\(/m.test(text),
  );
  expect(replacing.map(({ path }) => path).filter((path) => !ALONE.includes(path))).toEqual([]);
});

describe('5. time', () => {
  test('the drivers ask a clock.ts for it, the pipe asks next-turn.ts for a turn of the event loop, and nothing else does', () => {
    const asking = /^(setTimeout|setInterval|setImmediate|Date|performance)$/;
    const wrong = found(
      drivers.filter(({ path }) => basename(path) !== 'clock.ts' && path !== 'drivers/pipe/next-turn.ts'),
      (node) => (ts.isIdentifier(node) && asking.test(node.text) && !isMember(node) ? node.text : undefined),
    );
    expect(wrong).toEqual([]);
  });
});

describe('8. globals', () => {
  test('what Node has a module for is imported in the Node driver: a global may be a browser’s, or a test framework’s', () => {
    const modules = new Set([
      ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'],
      ...['queueMicrotask', 'performance', 'URL', 'URLSearchParams', 'Buffer', 'process'],
    ]);
    const wrong = drivers
      .filter(({ path }) => path.startsWith('drivers/node/'))
      .flatMap((file) => {
        const imported = new Set(parse(file).statements.flatMap(namesOf));
        return found([file], (node) => {
          if (!ts.isIdentifier(node) || !modules.has(node.text) || imported.has(node.text)) return undefined;
          return isMember(node) || ts.isMethodSignature(node.parent) ? undefined : node.text;
        });
      });
    expect(wrong).toEqual([]);
  });
});

describe('what Node does not document', () => {
  /** Names of Node's own that its documentation has not. `_write` it has, and docs/design/adr/0010 says why it is called. */
  const undocumented =
    /^(_handle|_peername|_writeState|_connectionListener|onSocket|kResourceStore|useUserBuffer|getOwnPropertySymbols|(latin1|ucs2|utf8)(Slice|Write))$/;
  const room = 'drivers/node/internals/';

  test('is used in node/internals/ alone', () => {
    const wrong = found(
      drivers.filter(({ path }) => path.startsWith('drivers/node/') && !path.startsWith(room)),
      (node) => (ts.isIdentifier(node) && undocumented.test(node.text) ? node.text : undefined),
    );
    expect(wrong).toEqual([]);
  });

  test('says whether it works, is told of at the start, and has its row in ADR 13', () => {
    const page = readFileSync(join(ROOT, 'docs/design/adr/0013-what-node-does-not-document.md'), 'utf8');
    const users = drivers.filter(
      (file) =>
        file.path.startsWith(room) &&
        found([file], (node) => (ts.isIdentifier(node) && undocumented.test(node.text) ? node.text : undefined))
          .length > 0,
    );
    const names = Object.keys(describeSeams());
    expect(users.map(({ path }) => basename(path, '.ts')).filter((name) => !names.includes(name))).toEqual([]);
    expect(names.filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
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

/** Everything that a file imports, at run time if not told otherwise, directly and through others. */
function reach(path: string, next = values, seen = new Set<string>()): Set<string> {
  for (const target of next(path)) {
    if (seen.has(target)) continue;
    seen.add(target);
    reach(target, next, seen);
  }
  return seen;
}

/** What a file imports, types included. */
function everything(path: string): string[] {
  return importsByPath
    .get(path)!
    .map(({ target }) => target)
    .filter((target) => sources.has(target));
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

/** The names that a statement imports as values. */
function namesOf(statement: ts.Statement): string[] {
  if (!ts.isImportDeclaration(statement) || statement.importClause?.isTypeOnly !== false) return [];
  const { name, namedBindings } = statement.importClause;
  const named = namedBindings !== undefined && ts.isNamedImports(namedBindings) ? namedBindings.elements : [];
  return [...(name === undefined ? [] : [name.text]), ...named.map((one) => one.name.text)];
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

/**
 * The package as its users get it: packed, installed into an empty project and used from TypeScript and JavaScript, with
 * import and with require.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPacked } from './support/packed.ts';
import { runNode } from './support/run.ts';
import { ROOT } from './support/source.ts';

const ENTRIES = ['sansocket', 'sansocket/protocol', 'sansocket/node', 'sansocket/pipe', 'sansocket/web'];
const ERRORS = [
  'WebSocketError',
  'HandshakeError',
  'ProtocolError',
  'TimeoutError',
  'ConnectionLostError',
  'InvalidStateError',
];

const LIB = ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'];

let folder: string;
let packed: string[];

beforeAll(async () => {
  ({ folder, files: packed } = await installPacked());
}, 120_000);

afterAll(() => {
  if (folder !== undefined && existsSync(folder)) rmSync(folder, { recursive: true });
});

describe('what is in it', () => {
  test('the build and the papers, and nothing else', () => {
    const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', 'THIRD-PARTY-LICENSES', 'package.json'];
    expect(packed.filter((path) => !path.startsWith('dist/'))).toEqual(papers);
    expect(packed.filter((path) => path.startsWith('dist/') && !/\.(js|d\.ts|js\.map)$/.test(path))).toEqual([]);
  });

  test('the licence of every package that became part of the build', () => {
    const home = join(folder, 'node_modules/sansocket');
    const maps = packed.filter((path) => path.endsWith('.map'));
    const sources = maps.flatMap((path): string[] => JSON.parse(readFileSync(join(home, path), 'utf8')).sources);
    const taken = sources.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
    const licences = readFileSync(join(home, 'THIRD-PARTY-LICENSES'), 'utf8');
    expect(sources.length).toBeGreaterThan(0);
    expect([...new Set(taken)].filter((name) => !licences.includes(`--- ${name} `))).toEqual([]);
  });

  test('no dependency comes with it', () => {
    const installed = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(installed).toEqual(['sansocket']);
    const manifest = JSON.parse(readFileSync(join(folder, 'node_modules/sansocket/package.json'), 'utf8'));
    expect(manifest.dependencies).toBeUndefined();
    expect(manifest.peerDependencies).toBeUndefined();
    expect(manifest.optionalDependencies).toBeUndefined();
  });

  test('every export leads to a file, with its types', () => {
    const manifest = JSON.parse(readFileSync(join(folder, 'node_modules/sansocket/package.json'), 'utf8'));
    const targets = Object.values<string | Record<string, string>>(manifest.exports).flatMap((one) =>
      typeof one === 'string' ? [one] : Object.values(one),
    );
    expect(targets.length).toBe(2 * ENTRIES.length + 1);
    for (const target of targets) expect(packed).toContain(target.slice('./'.length));
  });
});

describe('from JavaScript', () => {
  test('import and require() give the same things, without a warning', async () => {
    const program = `
      import assert from 'node:assert/strict';
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      const loaded = new Map();
      for (const entry of ${JSON.stringify(ENTRIES)}) {
        const required = require(entry);
        const imported = await import(entry);
        assert.deepEqual(Object.keys(required), Object.keys(imported), entry);
        for (const [name, value] of Object.entries(imported)) {
          assert.equal(required[name], value, entry + ' ' + name);
          // What a class is called when it is printed.
          if (/^class\\b/.test(String(value))) assert.equal(value.name, name);
        }
        loaded.set(entry, imported);
      }
      const core = loaded.get('sansocket/protocol');
      for (const name of ${JSON.stringify(ERRORS)}) {
        assert.equal(new core[name](1000, 'x').name, name);
        assert.equal(core[name].name, name);
        // The main entry has the errors too, and they are the core's own.
        assert.equal(loaded.get('sansocket')[name], core[name], name);
        for (const [entry, module] of loaded) {
          // The WHATWG's WebSocketError is a DOMException.
          if (entry !== 'sansocket/web' && name in module) assert.equal(module[name], core[name], entry);
        }
      }
    `;
    writeFileSync(join(folder, 'both.mjs'), program);
    expect(await runNode(['both.mjs'], folder)).toEqual({ exit: 0, stdout: '', stderr: '' });
  });

  test.each(ENTRIES)('require(%j) alone, from CommonJS', async (entry) => {
    const program = `console.log(Object.keys(require(${JSON.stringify(entry)})).length > 0)`;
    writeFileSync(join(folder, 'alone.cjs'), program);
    expect(await runNode(['alone.cjs'], folder)).toEqual({ exit: 0, stdout: 'true\n', stderr: '' });
  });

  test.each(ENTRIES)('loading %j opens nothing that keeps a process alive', async (entry) => {
    const program = `import ${JSON.stringify(entry)}; console.log(process.getActiveResourcesInfo().length)`;
    const { exit, stderr } = await runNode(['--input-type=module', '-e', program], folder, 10_000);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  });

  test.each(['sansocket/protocol', 'sansocket/pipe'])('%j loads no module of Node', (entry) => {
    const seen = new Set<string>();
    const name = `dist/${entry.split('/')[1]}.js`;
    expect(importsInBuild(name, seen)).toEqual([]);
    expect([...seen]).toContain(name);
  });
});

describe('from TypeScript', () => {
  const consumer = `
    ${ENTRIES.map((entry, i) => `import * as entry${i} from '${entry}';`).join('\n')}
    import { open, listen, upgrade, isUpgrade, WebSocket, WebSocketError } from 'sansocket';
    import type { CloseInfo, Server } from 'sansocket';
    import { Connection, EventQueue } from 'sansocket/protocol';
    import { connect, serve, attach } from 'sansocket/node';

    export async function client(ws: WebSocket): Promise<CloseInfo> {
      const message: string | Uint8Array = await ws.receive({ timeout: 1 });
      for await (const one of ws) one satisfies string | Uint8Array;
      await ws.send(message);
      await ws.send(['a', 'b']);
      const taken: boolean = ws.trySend('x');
      const roundTrip: number = await ws.ping();
      void [taken, roundTrip];
      // @ts-expect-error: a number is no message
      await ws.send(1);
      return ws.close(1000, 'bye');
    }
    export async function use(): Promise<number> {
      const server: Server = await listen({ port: 0 }, async (ws) => { await client(ws); });
      const value = await open('ws://127.0.0.1:' + server.port, async (ws) => (await ws.receive()).length);
      value satisfies number;
      const socket: WebSocket = await open(new URL('ws://127.0.0.1'), { signal: AbortSignal.timeout(1) });
      // @ts-expect-error: there is no such option
      await open('ws://127.0.0.1', { subprotocol: 'chat' });
      await server.close({ code: 1001, timeout: 5 });
      const error: unknown = socket;
      return error instanceof WebSocketError ? error.code : value;
    }
    export const all = [entry0, entry1, entry2, entry3, entry4, upgrade, isUpgrade, Connection, EventQueue, connect, serve, attach];
  `;
  const core = `import { Connection, EventQueue } from 'sansocket/protocol'; export const all = [Connection, EventQueue];`;
  const pipe = `import * as pipe from 'sansocket/pipe'; export const all = [pipe];`;

  beforeAll(() => {
    mkdirSync(join(folder, 'types'));
    symlinkSync(join(ROOT, 'node_modules/@types/node'), join(folder, 'types/node'));
    // Where @types/node finds its own types.
    const undici = join(ROOT, 'node_modules/undici-types');
    if (existsSync(undici)) symlinkSync(undici, join(folder, 'node_modules/undici-types'));
    for (const name of ['consumer.ts', 'consumer.mts']) writeFileSync(join(folder, name), consumer);
    writeFileSync(join(folder, 'consumer.cts'), consumer);
    writeFileSync(join(folder, 'core.ts'), core);
    writeFileSync(join(folder, 'pipe.ts'), pipe);
  });

  const resolutions = [
    ['node16', ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16, 'consumer.mts'],
    ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext, 'consumer.mts'],
    ['nodenext, from CommonJS', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext, 'consumer.cts'],
    ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler, 'consumer.ts'],
  ] as const;

  test.each(resolutions)(
    'every entry type-checks with %s resolution, its own declarations too',
    (_, module, how, name) => {
      expect(errorsOf(name, { module, moduleResolution: how, types: ['node'] })).toEqual([]);
    },
  );

  test('the core needs neither the types of Node nor those of the DOM, the pipe only one of them', () => {
    const options = { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16, types: [] };
    expect(errorsOf('core.ts', { ...options, lib: ['lib.es2022.d.ts'] })).toEqual([]);
    expect(errorsOf('pipe.ts', { ...options, lib: [...LIB, 'lib.dom.d.ts'] })).toEqual([]);
  });
});

function errorsOf(name: string, options: ts.CompilerOptions): string[] {
  const program = ts.createProgram([join(folder, name)], {
    target: ts.ScriptTarget.ES2022,
    lib: LIB,
    typeRoots: [join(folder, 'types')],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  });
  // The consumer and the package's own declarations; not those of Node and of the language.
  const files = program
    .getSourceFiles()
    .filter(({ fileName }) => /consumer|core\.ts|pipe\.ts|sansocket\/dist/.test(fileName));
  const diagnostics = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
  ];
  return diagnostics.map(({ file, messageText }) => {
    return `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

/** What a file of the build imports from outside of the build, through its chunks. */
function importsInBuild(path: string, seen: Set<string>): string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  const { importedFiles } = ts.preProcessFile(
    readFileSync(join(folder, 'node_modules/sansocket', path), 'utf8'),
    true,
    true,
  );
  return importedFiles.flatMap(({ fileName }) =>
    fileName.startsWith('./') ? importsInBuild(`dist/${fileName.slice(2)}`, seen) : [fileName],
  );
}

/**
 * The package as its users get it: packed, installed into an empty project and used from TypeScript and JavaScript, with
 * import and with require.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { entryPoints } from '../build/manifest.ts';
import { ALIASES, ENTRIES as TABLE, specifierOf } from '../build/entries.ts';
import { installPacked } from './support/packed.ts';
import { run, runNode } from './support/run.ts';
import { ROOT } from './support/source.ts';

const ENTRIES = [...Object.keys(TABLE), ...Object.keys(ALIASES)].map(specifierOf);
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
    expect(
      packed.filter(
        (path) => path.startsWith('dist/') && !/\.(js|cjs|mjs|d\.ts|d\.[cm]ts|js\.map|cjs\.map)$/.test(path),
      ),
    ).toEqual(['dist/types/package.json']);
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
    const targets = [...leavesOf(manifest.exports), ...leavesOf(manifest.typesVersions)];
    targets.push(manifest.main, manifest.module, manifest.types, manifest.browser);
    expect(targets.length).toBeGreaterThan(8 * ENTRIES.length);
    for (const target of targets) expect(packed).toContain(target.slice('./'.length));
  });

  test('package.json says of the entries what build/entries.ts does', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(manifest).toMatchObject(entryPoints());
  });
});

test('README begins with how to install it, and its links lead somewhere from the registry’s page', () => {
  const home = join(folder, 'node_modules/sansocket');
  const readme = readFileSync(join(home, 'README.md'), 'utf8');
  expect(/```sh\n(.*)\n/.exec(readme)?.[1]).toBe('npm install sansocket');
  const { repository, homepage, bugs } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  // The registry resolves relative links by the repository.
  const [, address] = /^git\+(https:\/\/github\.com\/[\w-]+\/[\w-]+)\.git$/.exec(repository.url)!;
  expect([homepage, bugs]).toEqual([`${address}#readme`, `${address}/issues`]);
  const links = [...readme.matchAll(/\]\(([^)#\s]+)/g)]
    .map(([, target]) => target)
    .filter((one) => !/^https?:/.test(one));
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((target) => !existsSync(join(ROOT, target)))).toEqual([]);
});

test('the command is installed with it, conformance cases and all', async () => {
  const { exit, stdout } = await run(join(folder, 'node_modules/.bin/sansocket'), ['conformance', '--list'], folder);
  expect({ exit, cases: stdout.trim().split('\n').length }).toEqual({ exit: 0, cases: 517 });
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
        // The face of ws is a class with all that belongs to it when it is required, as ws itself is.
        const names = Object.keys(required).filter((name) => entry !== 'sansocket/ws' || name in imported);
        assert.deepEqual(names.sort(), Object.keys(imported), entry);
        for (const [name, value] of Object.entries(imported)) {
          assert.equal(required[name], value, entry + ' ' + name);
          // What a class is called when it is printed; the face of ws has two names for one, as ws itself has.
          if (entry !== 'sansocket/ws' && /^class\\b/.test(String(value))) assert.equal(value.name, name);
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

  test('to import it loads neither node:http nor node:http2, which few need', async () => {
    const program = `
      await import('sansocket');
      console.log(process.moduleLoadList.filter((name) => /^NativeModule https?2?$/.test(name)).join());
    `;
    writeFileSync(join(folder, 'light.mjs'), program);
    expect(await runNode(['light.mjs'], folder)).toEqual({ exit: 0, stdout: '\n', stderr: '' });
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
    for (const name of [`dist/${entry.split('/')[1]}.js`, `dist/commonjs/${entry.split('/')[1]}.cjs`]) {
      expect(importsInBuild(name, seen)).toEqual([]);
      expect([...seen]).toContain(name);
    }
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
      // With exactOptionalPropertyTypes, too, an option that somebody else did not give is handed on as it is.
      const given: { signal?: AbortSignal; timeout?: number; compress?: boolean } = {};
      const { signal, timeout, compress } = given;
      await open.reconnecting('ws://127.0.0.1', { signal, compress, maxDelay: timeout, tls: undefined }).return?.();
      await socket.receive({ signal, timeout });
      await socket.send('x', { compress, signal });
      await server.close({ timeout });
      serve({ path: undefined, pingInterval: timeout }, {});
      const error: unknown = socket;
      return error instanceof WebSocketError ? error.code : value;
    }
    export const all = [entry0, entry1, entry2, entry3, entry4, upgrade, isUpgrade, Connection, EventQueue, connect, serve, attach];
  `;
  const core = `import { Connection, EventQueue } from 'sansocket/protocol'; export const all = [Connection, EventQueue];`;
  const pipe = `import * as pipe from 'sansocket/pipe'; export const all = [pipe];`;
  const native = `import * as native from 'sansocket/native'; export const all = [native];`;
  const web = `
    import { WebSocket as Ours } from 'sansocket/web';
    const ws = new Ours('ws://a.example');
    ws.addEventListener('close', (event) => { event.code satisfies number; });
    ws.addEventListener('message', ({ data }) => void data, { once: true });
    ws.onclose = ({ code, reason }) => { code satisfies number; reason satisfies string; };
    // @ts-expect-error: an open event has no code
    ws.addEventListener('open', (event) => void event.code);
    export const constructor: typeof WebSocket = Ours;
    export const instance: WebSocket = ws;
  `;

  const wsModule = `
    import WebSocket, { WebSocketServer, type ClientOptions } from 'sansocket/ws';
    export const options: ClientOptions = { followRedirects: true };
    export const wss = new WebSocketServer({ noServer: true }).on('connection', (ws: WebSocket) => ws.ping());
    export const ws: WebSocket = new WebSocket('ws://a.example', options);
  `;
  const wsRequired = `
    import WebSocket = require('sansocket/ws');
    import { createWebSocketStream, WebSocketServer, type ServerOptions } from 'sansocket/ws';
    const options: WebSocket.ServerOptions = { noServer: true };
    const same: ServerOptions = options;
    const wss: WebSocketServer = new WebSocket.Server(same);
    const ws: WebSocket = new WebSocket('ws://a.example');
    const named: WebSocket.WebSocket = new WebSocket.WebSocket('ws://a.example');
    const event: WebSocket.CloseEvent = new WebSocket.CloseEvent('close');
    for (const one of wss.clients) createWebSocketStream(one as WebSocket);
    const open: number = WebSocket.OPEN;
    // @ts-expect-error: there is no such option
    new WebSocket.WebSocketServer({ ports: 1 });
    export = { ws, named, event, open };
  `;

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
    writeFileSync(join(folder, 'native.ts'), native);
    writeFileSync(join(folder, 'web.mts'), web);
    writeFileSync(join(folder, 'ws.mts'), wsModule);
    writeFileSync(join(folder, 'ws.cts'), wsRequired);
  });

  const resolutions = [
    ['node16', ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16, 'consumer.mts'],
    ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext, 'consumer.mts'],
    ['nodenext, from CommonJS', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext, 'consumer.cts'],
    ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler, 'consumer.ts'],
    ['node16, from CommonJS', ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16, 'consumer.cts'],
    ['node10', ts.ModuleKind.CommonJS, ts.ModuleResolutionKind.Node10, 'consumer.ts'],
  ] as const;

  test.each(resolutions)(
    'every entry type-checks with %s resolution, its own declarations too',
    (_, module, how, name) => {
      expect(errorsOf(name, { module, moduleResolution: how, types: ['node'] })).toEqual([]);
    },
    60_000,
  );

  test('the core, the pipe and the native entry need neither the types of Node nor those of the DOM', () => {
    const options = { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16, types: [] };
    for (const name of ['core.ts', 'pipe.ts', 'native.ts']) {
      expect(errorsOf(name, { ...options, lib: ['lib.es2022.d.ts'] })).toEqual([]);
    }
    expect(errorsOf('pipe.ts', { ...options, lib: [...LIB, 'lib.dom.d.ts'] })).toEqual([]);
  });

  test('no declaration has what the oldest compiler that reads them does not know: a Buffer has no parameter there', () => {
    const files = readdirSync(join(folder, 'node_modules/sansocket/dist/types'), { recursive: true, encoding: 'utf8' });
    const declarations = files.filter((name) => name.endsWith('.d.ts'));
    expect(declarations.length).toBeGreaterThan(50);
    const wrong = declarations.filter((name) =>
      /\bBuffer</.test(readFileSync(join(folder, 'node_modules/sansocket/dist/types', name), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });

  test.each(['ws.mts', 'ws.cts'])('the face of ws is a class, imported by default or required (%s)', (name) => {
    const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
    expect(errorsOf(name, { ...options, types: ['node'] })).toEqual([]);
  });

  test('the WebSocket class of `sansocket/web` stands in for that of the DOM, with typed events', () => {
    const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
    expect(errorsOf('web.mts', { ...options, types: ['node'], lib: [...LIB, 'lib.dom.d.ts'] })).toEqual([]);
  });
});

/** All strings in it. */
function leavesOf(tree: unknown): string[] {
  return typeof tree === 'string' ? [tree] : Object.values(tree as object).flatMap(leavesOf);
}

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
    .filter(({ fileName }) => /consumer|core\.ts|pipe\.ts|native\.ts|web\.mts|sansocket\/dist/.test(fileName));
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
    fileName.startsWith('.') ? importsInBuild(posix.join(posix.dirname(path), fileName), seen) : [fileName],
  );
}

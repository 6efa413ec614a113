/**
 * `npm run package:matrix [-- [--every] [PATTERN]]`: the packed package in folders of their own, with the tools that its users
 * have; with `--every`, by every release of TypeScript from 5.0 on. What can't be installed is skipped by name.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type Outcome } from '../support/run.ts';
import { installPacked } from '../support/packed.ts';
import { ROOT } from '../support/source.ts';

/** Outside of the repository, whose tsconfig.json bundlers would find. Installed tools stay here for the next time. */
const HOME = join(tmpdir(), 'sansocket-matrix');

/** How long one command may take, in milliseconds, on a busy machine. */
const PATIENCE = 180_000;

const MATERIAL = join(ROOT, 'test/package/matrix');
const PRINTED = 'hello true over the pipe\n';

interface Setup {
  readonly name: string;
  /** What is installed beside the package. */
  readonly packages?: readonly string[];
  /** The oldest Node that they take, where ours take an older one. */
  readonly node?: string | undefined;
  /** Files by name: contents, or `@NAME` for one of test/package/matrix. */
  readonly files: Readonly<Record<string, string>>;
  /** Commands, one after the other; `node` is this Node, others are of node_modules/.bin. */
  readonly commands: readonly (readonly string[])[];
  /** What the last one must print, if that matters. */
  readonly prints?: string;
}

const JEST = (version: number): Setup[] =>
  ['node', 'jsdom'].map((environment) => ({
    name: `Jest ${version}, ${environment}`,
    packages: [`jest@${version}`, `jest-environment-jsdom@${version}`],
    files: { 'a.test.js': `@jest-${environment}.js` },
    commands: [['jest', '--ci', '--forceExit']],
  }));

const VITEST = (version: number, node?: string): Setup[] =>
  ['forks', 'vmThreads'].map((pool) => ({
    name: `Vitest ${version}, ${pool}`,
    packages: [`vitest@${version}`],
    node,
    // A configuration of its own, lest it find the repository's.
    files: { 'a.test.js': '@vitest.js', 'vitest.config.mjs': 'export default {};\n' },
    commands: [['vitest', 'run', `--pool=${pool}`]],
  }));

const STRICT = {
  ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
  ...{ target: 'es2022', lib: ['es2022'], types: ['node'] },
};
const alone = (entry: string): string => `import * as all from 'sansocket/${entry}'; export const it: object = all;\n`;

/** A project of TypeScript's: one file, with these options. */
function typescript(version: string, name: string, file: string, options: object, text = '@everything.ts'): Setup {
  const tsconfig = JSON.stringify({ compilerOptions: { ...STRICT, ...options }, files: [file] });
  return {
    name: `TypeScript ${version}, ${name}`,
    packages: [`typescript@${version}`, '@types/node@20'],
    files: { [file]: text, 'tsconfig.json': tsconfig },
    commands: [['tsc', '-p', 'tsconfig.json']],
  };
}

const TYPESCRIPT = (version: string): Setup[] => [
  typescript(version, 'nodenext', 'a.mts', { module: 'nodenext' }),
  typescript(version, 'node16 from CommonJS', 'a.cts', { module: 'node16' }),
  typescript(
    version,
    'declarations of one’s own, strictly',
    'a.mts',
    {
      ...{ module: 'nodenext', noEmit: false, declaration: true, outDir: 'out', noUncheckedIndexedAccess: true },
      ...{ verbatimModuleSyntax: true, isolatedModules: true, noPropertyAccessFromIndexSignature: true },
    },
    '@declared.txt',
  ),
  typescript(version, 'bundler', 'a.ts', { module: 'esnext', moduleResolution: 'bundler' }),
  // The native compiler has no such resolution any more.
  ...(version.startsWith('7')
    ? []
    : [
        typescript(version, 'node10', 'a.ts', {
          ...{ module: 'commonjs', moduleResolution: 'node10' },
          // It says that the next one won't have it.
          ...(version.startsWith('6') ? { ignoreDeprecations: '6.0' } : {}),
        }),
      ]),
  ...['protocol', 'pipe', 'native', 'topics', 'topics/client', 'topics/redis', 'topics/nats'].map((entry) =>
    typescript(version, `${entry} without the DOM and Node`, 'a.mts', { module: 'node16', types: [] }, alone(entry)),
  ),
];

const nodeBundle = { 'program.mjs': '@program.mjs' };
const pageBundle = { 'page.mjs': `import { open } from 'sansocket'; globalThis.open = open;\n` };
/** That a bundle for pages has nothing of Node's in it. */
const isForPages = (file: string): string =>
  `const text = require('fs').readFileSync('${file}', 'utf8');
   if (/node:(net|tls|http)/.test(text) || !/receiveLimit/.test(text)) { console.log('not the one for pages'); process.exit(1); }\n`;

/** Every line of releases that the declarations are to be read by. */
const EVERY_TYPESCRIPT = [...Array.from({ length: 10 }, (_, minor) => `5.${minor}`), '6.0', '7'];
const given = process.argv.slice(2);
const isEvery = given.includes('--every');

const SETUPS: Setup[] = [
  { name: 'import', files: nodeBundle, commands: [['node', 'program.mjs']], prints: PRINTED },
  { name: 'require()', files: { 'program.cjs': '@program.cjs' }, commands: [['node', 'program.cjs']], prints: PRINTED },
  ...JEST(29),
  ...JEST(30),
  ...VITEST(4),
  ...VITEST(5, '22.12'),
  ...(isEvery ? EVERY_TYPESCRIPT : ['5.0', '5.9', '6.0', '7']).flatMap(TYPESCRIPT),
  {
    ...typescript(
      '5.9',
      'with y-websocket and @supabase/realtime-js',
      'a.mts',
      {
        ...{ module: 'nodenext', lib: ['es2022', 'dom'], skipLibCheck: true },
      },
      '@libraries.txt',
    ),
    packages: ['typescript@5.9', '@types/node@20', 'y-websocket', 'yjs', '@supabase/realtime-js'],
  },
  {
    name: 'esbuild, for Node',
    packages: ['esbuild'],
    files: nodeBundle,
    commands: [
      ['esbuild', 'program.mjs', '--bundle', '--platform=node', '--format=esm', '--outfile=out.mjs'],
      ['node', 'out.mjs'],
    ],
    prints: PRINTED,
  },
  {
    name: 'esbuild, for pages',
    packages: ['esbuild'],
    files: { ...pageBundle, 'look.cjs': isForPages('out.js') },
    commands: [
      ['esbuild', 'page.mjs', '--bundle', '--outfile=out.js'],
      ['node', 'look.cjs'],
    ],
  },
  {
    name: 'Rollup, for Node',
    packages: ['rollup@4.67.4', '@rollup/plugin-node-resolve'],
    files: {
      ...nodeBundle,
      'rollup.config.mjs': `import resolve from '@rollup/plugin-node-resolve';
        export default { input: 'program.mjs', external: /^node:/, plugins: [resolve()], output: { dir: 'out', format: 'esm', entryFileNames: '[name].mjs' } };`,
    },
    commands: [
      ['rollup', '-c', '--silent'],
      ['node', 'out/program.mjs'],
    ],
    prints: PRINTED,
  },
  {
    name: 'webpack, for pages',
    packages: ['webpack@5'],
    files: {
      ...pageBundle,
      'build.cjs': `require('webpack')({ mode: 'production', entry: './page.mjs', output: { path: __dirname, filename: 'out.js' } },
        (error, stats) => { if (error || stats.hasErrors()) { console.log(error ?? stats.toString()); process.exitCode = 1; } });`,
      'look.cjs': isForPages('out.js'),
    },
    commands: [
      ['node', 'build.cjs'],
      ['node', 'look.cjs'],
    ],
  },
  {
    name: 'webpack, for Node, with the package outside (as Next.js has it)',
    packages: ['webpack@5'],
    files: {
      'entry.cjs': readFileSync(join(MATERIAL, 'program.cjs'), 'utf8'),
      'build.cjs': `require('webpack')({ mode: 'production', target: 'node20', entry: './entry.cjs', externals: { sansocket: 'commonjs sansocket' },
        output: { path: __dirname, filename: 'out.cjs' } },
        (error, stats) => { if (error || stats.hasErrors()) { console.log(error ?? stats.toString()); process.exitCode = 1; } });`,
    },
    commands: [
      ['node', 'build.cjs'],
      ['node', 'out.cjs'],
    ],
    prints: PRINTED,
  },
  {
    name: 'Rspack, for pages',
    packages: ['@rspack/core@2'],
    files: {
      ...pageBundle,
      'build.cjs': `require('@rspack/core').rspack({ mode: 'production', entry: './page.mjs', output: { path: __dirname, filename: 'out.js' } },
        (error, stats) => { if (error || stats.hasErrors()) { console.log(error ?? stats.toString()); process.exitCode = 1; } });`,
      'look.cjs': isForPages('out.js'),
    },
    commands: [
      ['node', 'build.cjs'],
      ['node', 'look.cjs'],
    ],
  },
  {
    // It looks at no `exports` unless it is told to.
    name: 'Parcel, for pages',
    packages: ['parcel@2'],
    files: {
      'index.html': '<!doctype html><script type="module" src="page.mjs"></script>',
      ...pageBundle,
      'look.cjs': `const { readdirSync } = require('fs');
        const name = readdirSync('dist').find((one) => one.endsWith('.js'));\n${isForPages("' + 'dist/' + name + '")}`,
    },
    commands: [
      ['parcel', 'build', 'index.html', '--no-source-maps', '--no-cache', '--log-level', 'error'],
      ['node', 'look.cjs'],
    ],
  },
  {
    name: 'Vite, for pages',
    packages: ['vite@8'],
    files: {
      'index.html': '<script type="module" src="/page.mjs"></script>',
      ...pageBundle,
      'look.cjs': `const { readdirSync } = require('fs');
        const name = readdirSync('dist/assets').find((one) => one.endsWith('.js'));\n${isForPages("' + 'dist/assets/' + name + '")}`,
    },
    commands: [
      ['vite', 'build', '--logLevel', 'error'],
      ['node', 'look.cjs'],
    ],
  },
];

const pattern = new RegExp(given.find((one) => !one.startsWith('--')) ?? '', 'i');
const { folder: packed } = await installPacked();
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const setup of SETUPS.filter(({ name }) => pattern.test(name))) {
  const [verdict, why] = await tryOut(setup);
  counts[verdict]++;
  console.log(`${verdict.padEnd(8)} ${setup.name}${why === '' ? '' : `\n${why}`}`);
}
rmSync(packed, { recursive: true });
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;

async function tryOut({ packages = [], node, files, commands, prints }: Setup): Promise<[keyof typeof counts, string]> {
  if (node !== undefined && isBelow(process.versions.node, node)) return ['skipped', `it takes Node ${node} and up`];
  // Setups with the same tools share a folder of them.
  const tools = join(HOME, packages.join('+').replace(/[^\w.+-]+/g, '_') || 'plain');
  if (!existsSync(join(tools, '.installed'))) {
    mkdirSync(tools, { recursive: true });
    writeFileSync(join(tools, 'package.json'), '{ "private": true }\n');
    if (packages.length > 0) {
      const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error', ...packages];
      const { exit, stderr } = await run('npm', args, tools, PATIENCE);
      if (exit !== 0) return ['skipped', `${packages.join(' ')} can't be had: ${stderr.split('\n')[0]}`];
    }
    writeFileSync(join(tools, '.installed'), '');
  }
  const home = join(tools, 'node_modules/sansocket');
  rmSync(home, { recursive: true, force: true });
  cpSync(join(packed, 'node_modules/sansocket'), home, { recursive: true });
  // Inside of the folder with the tools, so that everything is found from there.
  const project = join(tools, 'project');
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project);
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(
      join(project, file),
      text.startsWith('@') ? readFileSync(join(MATERIAL, text.slice(1)), 'utf8') : text,
    );
  }
  let outcome: Outcome | undefined;
  for (const [command, ...args] of commands) {
    const path = command === 'node' ? process.execPath : join(tools, 'node_modules/.bin', command);
    outcome = await run(path, args, project, PATIENCE);
    if (outcome.exit !== 0) return ['failed', `${outcome.stdout}${outcome.stderr}`.slice(0, 3000)];
  }
  if (prints !== undefined && outcome!.stdout !== prints) return ['failed', `it printed ${outcome!.stdout}`];
  return ['passed', ''];
}

function isBelow(version: string, least: string): boolean {
  return version.localeCompare(least, 'en', { numeric: true }) < 0;
}

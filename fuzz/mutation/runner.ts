/**
 * A test runner for Stryker that bundles the core and its tests once and then calls the few that cover a mutant, by
 * themselves, in the same process: some milliseconds a mutant. For a mutant of what runs at import the bundle is run anew.
 * What hangs is ended by Stryker, with the process.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import { build } from 'esbuild';
import { globSync } from 'tinyglobby';
import { collectTests, getFn, getHooks } from '@vitest/runner';
import { INSTRUMENTER_CONSTANTS, type MutantCoverage } from '@stryker-mutator/api/core';
import { commonTokens, declareFactoryPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin';
import {
  determineHitLimitReached,
  DryRunStatus,
  type DryRunResult,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  type TestRunner,
  type TestRunnerCapabilities,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import { filesOf, FOLDERS, testsOf } from './folders.ts';
import * as vitest from './vitest.ts';

/** What Stryker's instrumentation reads and writes. */
interface Instrumentation {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: MutantCoverage;
}

/** `afterEach` of the test's suites, which none of the core's tests asks about its context. */
type Hooks = readonly ((...none: never[]) => unknown)[];

interface Test {
  readonly id: string;
  readonly file: string;
  readonly run: () => unknown;
  readonly after: Hooks;
}

/** A path, and what imports it: into other instances of all that it imports for each run of the bundle. */
type Bundle = Readonly<Record<string, () => unknown>>;

/** The bundle, kept for the processes that come after one that hung. */
const BUNDLE = 'bundle.cjs';

/** What the first run has found out of each test: kept for the processes that come after one that hung. */
const FIRST_RUN = 'first-run.json';

interface FirstRun {
  /** How often it went through each mutant's place. */
  readonly hits: MutantCoverage['perTest'];
  /** What it took, in milliseconds of the processor's time. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

/** A mutant that goes through its place so much more often than the original has hung. */
const HANGS_FROM = { times: 20, and: 5000 };

/**
 * What the tests of a mutant may take in sum, by the first run: the quickest first, where those that import its file count
 * as four times as long as those that hold it, and others as sixteen times. Hundreds go through the grammar of a head; a mutant
 * that all of these let live is taken to live.
 */
const MOST_TIME = 2500;

/** What @vitest/runner asks of a configuration when it only collects. */
const CONFIG = {
  allowOnly: false,
  hookTimeout: 20_000,
  includeTaskLocation: false,
  name: 'mutation',
  retry: 0,
  root: process.cwd(),
  sequence: { hooks: 'stack', seed: 0, setupFiles: 'list' },
  setupFiles: [],
  tags: [],
  testTimeout: 300_000,
};

class InProcessRunner implements TestRunner {
  readonly #state: Instrumentation;
  #bundle: Promise<() => Bundle> | undefined;
  #tests: Map<string, Test> | undefined;
  #firstRun: FirstRun | undefined;
  #atImport: MutantCoverage['static'];

  constructor(namespace: string) {
    const globals = globalThis as unknown as Record<string, Instrumentation>;
    this.#state = globals[namespace] ??= {};
    this.#bundle = undefined;
    this.#tests = undefined;
    this.#firstRun = undefined;
    this.#atImport = {};
  }

  capabilities(): TestRunnerCapabilities {
    return { reloadEnvironment: true };
  }

  async dryRun(): Promise<DryRunResult> {
    const results: TestResult[] = [];
    const milliseconds: Record<string, number> = {};
    const tests = await this.#load();
    for (const test of tests.values()) {
      this.#state.currentTestId = test.id;
      const before = process.cpuUsage();
      results.push(await run(test));
      milliseconds[test.id] = process.cpuUsage(before).user / 1000;
      this.#state.currentTestId = undefined;
    }
    const mutantCoverage = this.#coverage();
    this.#firstRun = { hits: mutantCoverage.perTest, milliseconds };
    writeFileSync(FIRST_RUN, JSON.stringify(this.#firstRun));
    return { status: DryRunStatus.Complete, tests: results, mutantCoverage };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const state = this.#state;
    const { activeMutant, mutantActivation, testFilter } = options;
    const near = nearness(options.sandboxFileName);
    state.hitCount = undefined;
    let tests: Test[];
    if (mutantActivation === 'static') {
      state.activeMutant = activeMutant.id;
      try {
        tests = [...(await this.#evaluated(nearest(near))).values()];
      } catch (error) {
        return { status: MutantRunStatus.Killed, killedBy: ['import'], failureMessage: String(error), nrOfTests: 0 };
      }
    } else {
      const all = await this.#load();
      tests = testFilter!.map((id) => all.get(id)!);
    }
    const { hits, milliseconds } = (this.#firstRun ??= JSON.parse(readFileSync(FIRST_RUN, 'utf8')) as FirstRun);
    const rank = ({ id, file }: Test): number => 4 ** near(file) * milliseconds[id];
    tests.sort((a, b) => rank(a) - rank(b));
    state.activeMutant = activeMutant.id;
    const results: TestResult[] = [];
    let hang: DryRunResult | undefined;
    let time = 0;
    for (const test of tests) {
      if (time + milliseconds[test.id] > MOST_TIME && results.length > 0) continue;
      time += milliseconds[test.id];
      state.hitCount = 0;
      state.hitLimit = (hits[test.id]?.[activeMutant.id] ?? 0) * HANGS_FROM.times + HANGS_FROM.and;
      results.push(await run(test));
      hang = determineHitLimitReached(state.hitCount, state.hitLimit);
      if (hang !== undefined || results.at(-1)!.status === TestStatus.Failed) break;
    }
    state.activeMutant = undefined;
    state.hitCount = undefined;
    return toMutantRunResult(hang ?? { status: DryRunStatus.Complete, tests: results });
  }

  /**
   * What ran when the core's own modules were imported is static: its mutants are there from before that on. What ran
   * while the tests were collected is not, if a test runs it too.
   */
  #coverage(): MutantCoverage {
    const { perTest = {}, static: all = {} } = this.#state.mutantCoverage ?? {};
    const inTests = new Set(Object.values(perTest).flatMap(Object.keys));
    const isStatic = ([id]: [string, number]): boolean => id in this.#atImport || !inTests.has(id);
    return { perTest, static: Object.fromEntries(Object.entries(all).filter(isStatic)) };
  }

  async #load(): Promise<Map<string, Test>> {
    return (this.#tests ??= await this.#evaluated(testPaths()));
  }

  /** The tests of these files, over instances of the core of their own. */
  async #evaluated(paths: readonly string[]): Promise<Map<string, Test>> {
    const bundle = (await (this.#bundle ??= bundled()))();
    for (const path of corePaths()) bundle[path]();
    this.#atImport = { ...this.#state.mutantCoverage?.static };
    return collected(bundle, paths);
  }
}

/** The test files that hold or import what is mutated; all of them where there is none. */
function nearest(near: (test: string) => number): string[] {
  const paths = testPaths().filter((path) => near(path) < 2);
  return paths.length > 0 ? paths : testPaths();
}

function corePaths(): string[] {
  return FOLDERS.flatMap(filesOf).map((file) => `protocol/${file}.ts`);
}

/** All tests of the folder that is mutated. */
function testPaths(): string[] {
  return testsOf(process.env.MUTATED_FOLDER!);
}

async function bundled(): Promise<() => Bundle> {
  if (!existsSync(BUNDLE)) {
    const lines = [...corePaths(), ...testPaths()].map((path) => `${JSON.stringify(path)}: () => require('./${path}')`);
    await build({
      stdin: { contents: `module.exports = {\n${lines.join(',\n')}\n}`, resolveDir: process.cwd() },
      absWorkingDir: process.cwd(),
      outfile: BUNDLE,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      keepNames: true,
      packages: 'external',
      alias: { 'sansocket/protocol': resolve('protocol/index.ts') },
      logLevel: 'error',
    });
  }
  const evaluate = compileFunction(readFileSync(BUNDLE, 'utf8'), ['module', 'require'], { filename: resolve(BUNDLE) });
  const requirePackage = createRequire(resolve(BUNDLE));
  const require = (name: string): unknown => (name === 'vitest' ? vitest : requirePackage(name));
  return () => {
    const module = { exports: {} };
    evaluate(module, require);
    return module.exports;
  };
}

async function collected(bundle: Bundle, paths: readonly string[]): Promise<Map<string, Test>> {
  const runner = { config: CONFIG, importFile: (path: string) => bundle[path]() };
  const files = await collectTests([...paths], runner as never);
  const tests = new Map<string, Test>();
  const visit = (task: (typeof files)[number]['tasks'][number], file: string, path: string, after: Hooks): void => {
    const name = `${path} ${task.name}`;
    if (task.type === 'suite') {
      for (const child of task.tasks) visit(child, file, name, [...getHooks(task).afterEach, ...after]);
    } else if (task.mode === 'run' || task.mode === 'queued') {
      let id = name;
      for (let again = 2; tests.has(id); again++) id = `${name} (${again})`;
      tests.set(id, { id, file, run: getFn(task), after });
    }
  };
  for (const file of files) {
    if (file.result?.state === 'fail') throw new Error(`${file.filepath}: ${file.result.errors?.[0]?.message}`);
    for (const task of file.tasks) visit(task, file.filepath, file.filepath, []);
  }
  return tests;
}

/**
 * 0 for the test files that hold a file of the core, by their name or by a row of test/README.md, 1 for others that import
 * it, 2 for the rest.
 */
function nearness(mutated: string): (test: string) => number {
  const path = mutated.slice(mutated.lastIndexOf('protocol/'));
  const name = basename(path, '.ts');
  const rows = readFileSync('test/README.md', 'utf8').split('\n');
  const row = rows.find((one) => one.includes(`\`${path}\``))?.split('|')[2] ?? '';
  const held = new Set(globSync([...row.matchAll(/`([^`]+)`/g)].map(([, one]) => one)));
  return (test) => {
    if (held.has(test) || basename(test).startsWith(`${name}.`)) return 0;
    return textOf(test).includes(`/${name}.ts'`) ? 1 : 2;
  };
}

const texts = new Map<string, string>();

function textOf(path: string): string {
  let text = texts.get(path);
  if (text === undefined) texts.set(path, (text = readFileSync(path, 'utf8')));
  return text;
}

async function run(test: Test): Promise<TestResult> {
  const start = performance.now();
  const result = { id: test.id, name: test.id, fileName: test.file };
  try {
    await test.run();
    return { ...result, status: TestStatus.Success, timeSpentMs: performance.now() - start };
  } catch (error) {
    const timeSpentMs = performance.now() - start;
    return { ...result, status: TestStatus.Failed, timeSpentMs, failureMessage: String(error) };
  } finally {
    for (const hook of test.after) await hook();
  }
}

makeRunner.inject = tokens(commonTokens.options);
function makeRunner(): TestRunner {
  return new InProcessRunner(INSTRUMENTER_CONSTANTS.NAMESPACE);
}

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'in-process', makeRunner)];

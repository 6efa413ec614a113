/**
 * A test runner for Stryker that imports the tests once and then calls the few that cover a mutant, by themselves, in
 * the same process: some milliseconds a mutant. What hangs is ended by Stryker, with the process.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { collectTests, getFn } from '@vitest/runner';
import { INSTRUMENTER_CONSTANTS, type MutantCoverage } from '@stryker-mutator/api/core';
import { commonTokens, declareFactoryPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin';
import {
  determineHitLimitReached,
  DryRunStatus,
  type DryRunResult,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  type TestRunnerCapabilities,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import { FOLDERS } from './folders.ts';

/** What Stryker's instrumentation reads and writes. */
interface Instrumentation {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: MutantCoverage;
}

interface Test {
  readonly id: string;
  readonly file: string;
  readonly run: () => unknown;
  /** The newest time that it took, in milliseconds. */
  milliseconds: number;
}

/** How often each test went through each mutant's place: kept for the processes that come after one that hung. */
const HITS = 'hits.json';

/** A mutant that goes through its place so much more often than the original has hung. */
const HANGS_FROM = { times: 20, and: 5000 };

/**
 * The most tests that a mutant is tried on: those of its own file first, then those that import the file, and then the
 * quickest. Hundreds go through the grammar of a head; a mutant that all of these let live is taken to live.
 */
const MOST_TESTS = 150;

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
  testTimeout: 20_000,
};

class InProcessRunner implements TestRunner {
  readonly #state: Instrumentation;
  #tests: Promise<Map<string, Test>> | undefined;
  #kept: MutantCoverage['perTest'] | undefined;

  constructor(namespace: string) {
    const globals = globalThis as unknown as Record<string, Instrumentation>;
    this.#state = globals[namespace] ??= {};
    this.#tests = undefined;
    this.#kept = undefined;
  }

  /** A mutant of what runs at import is tried in a new process. */
  capabilities(): TestRunnerCapabilities {
    return { reloadEnvironment: false };
  }

  async dryRun(): Promise<DryRunResult> {
    const results: TestResult[] = [];
    const tests = await this.#load();
    for (const test of tests.values()) {
      this.#state.currentTestId = test.id;
      results.push(await run(test));
      this.#state.currentTestId = undefined;
    }
    const { mutantCoverage } = this.#state;
    writeFileSync(HITS, JSON.stringify(mutantCoverage?.perTest ?? {}));
    return { status: DryRunStatus.Complete, tests: results, mutantCoverage };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const state = this.#state;
    const { activeMutant, mutantActivation, testFilter } = options;
    state.hitCount = undefined;
    if (mutantActivation === 'static') state.activeMutant = activeMutant.id;
    const all = await this.#load();
    const tests = testFilter === undefined ? [...all.values()] : testFilter.map((id) => all.get(id)!);
    const own = basename(options.sandboxFileName, '.ts');
    const rank = ({ file, milliseconds }: Test): number => nearness(file, own) * 1e6 + milliseconds;
    tests.sort((a, b) => rank(a) - rank(b));
    state.activeMutant = activeMutant.id;
    const results: TestResult[] = [];
    let hang: DryRunResult | undefined;
    for (const test of tests.slice(0, MOST_TESTS)) {
      const hits = this.#hits[test.id]?.[activeMutant.id] ?? 0;
      state.hitCount = 0;
      state.hitLimit = hits * HANGS_FROM.times + HANGS_FROM.and;
      results.push(await run(test));
      hang = determineHitLimitReached(state.hitCount, state.hitLimit);
      if (hang !== undefined || results.at(-1)!.status === TestStatus.Failed) break;
    }
    state.activeMutant = undefined;
    state.hitCount = undefined;
    return toMutantRunResult(hang ?? { status: DryRunStatus.Complete, tests: results });
  }

  get #hits(): MutantCoverage['perTest'] {
    if (this.#kept === undefined && existsSync(HITS)) {
      this.#kept = JSON.parse(readFileSync(HITS, 'utf8')) as MutantCoverage['perTest'];
    }
    return this.#kept ?? {};
  }

  #load(): Promise<Map<string, Test>> {
    return (this.#tests ??= load());
  }
}

const texts = new Map<string, string>();

/** 0 for a test file of this module's own, 1 for one that imports it, 2 for all others. */
function nearness(file: string, own: string): number {
  if (basename(file).startsWith(`${own}.`)) return 0;
  let text = texts.get(file);
  if (text === undefined) texts.set(file, (text = readFileSync(file, 'utf8')));
  return text.includes(`/${own}.ts'`) ? 1 : 2;
}

/** All tests of the folder that is mutated. */
async function load(): Promise<Map<string, Test>> {
  const names = FOLDERS[process.env.MUTATED_FOLDER ?? ''] ?? Object.values(FOLDERS).flat();
  const paths = await glob(names.map((name) => `test/protocol/${name}.test.ts`));
  const runner = { config: CONFIG, importFile: (path: string) => import(path) };
  const files = await collectTests(
    paths.sort().map((path) => resolve(path)),
    runner as never,
  );
  const tests = new Map<string, Test>();
  const visit = (task: (typeof files)[number]['tasks'][number], file: string, path: string): void => {
    const name = `${path} ${task.name}`;
    if (task.type === 'suite') {
      for (const child of task.tasks) visit(child, file, name);
    } else if (task.mode === 'run' || task.mode === 'queued') {
      let id = name;
      for (let again = 2; tests.has(id); again++) id = `${name} (${again})`;
      tests.set(id, { id, file, run: getFn(task), milliseconds: 0 });
    }
  };
  for (const file of files) {
    if (file.result?.state === 'fail') throw new Error(`${file.filepath}: ${file.result.errors?.[0]?.message}`);
    for (const task of file.tasks) visit(task, file.filepath, relative(process.cwd(), file.filepath));
  }
  return tests;
}

async function run(test: Test): Promise<TestResult> {
  const start = performance.now();
  const result = { id: test.id, name: test.id, fileName: test.file };
  try {
    await test.run();
    test.milliseconds = performance.now() - start;
    return { ...result, status: TestStatus.Success, timeSpentMs: test.milliseconds };
  } catch (error) {
    const timeSpentMs = performance.now() - start;
    return { ...result, status: TestStatus.Failed, timeSpentMs, failureMessage: String(error) };
  }
}

makeRunner.inject = tokens(commonTokens.options);
function makeRunner(): TestRunner {
  return new InProcessRunner(INSTRUMENTER_CONSTANTS.NAMESPACE);
}

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'in-process', makeRunner)];

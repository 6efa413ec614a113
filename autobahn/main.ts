import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Case } from './case.ts';
import { selectCases, withMessages } from './catalogue.ts';
import { runFuzzingClient } from './fuzzing-client.ts';
import { serveFuzzing } from './fuzzing-server.ts';
import { parseOptions, usage } from './options.ts';
import type { Options } from './options.ts';
import { Progress } from './progress.ts';
import { renderHtml } from './report/html.ts';
import { writeJsonReport } from './report/json.ts';
import { Results, summarize } from './results.ts';
import type { Outcome } from './run.ts';
import { parseTarget } from './tcp.ts';

const FAILED = 1;
const WRONG_USAGE = 2;
const UNREACHABLE = 3;

/** Runs the cases as the command line says, called `program` in its usage. Returns the exit code. */
export async function main(args: readonly string[], program: string): Promise<number> {
  let options: Options;
  let cases: readonly Case[];
  try {
    options = parseOptions(args);
    cases = selectCases(options.cases, options.exclude);
    if (options.messages !== undefined) cases = withMessages(cases, options.messages);
    for (const url of options.urls) parseTarget(url);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return WRONG_USAGE;
  }
  if (options.list) {
    for (const { id, description } of cases) process.stdout.write(`${id.padEnd(8)} ${description}\n`);
    return 0;
  }
  if (options.help || (options.urls.length === 0 && options.serve === undefined)) {
    process.stdout.write(usage(program));
    return options.help ? 0 : WRONG_USAGE;
  }
  return options.serve === undefined ? runClient(options, cases) : runServer(options, options.serve, cases);
}

async function runClient(options: Options, cases: readonly Case[]): Promise<number> {
  const results = new Results();
  const progress = new Progress(cases.length * options.urls.length);
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  process.once('SIGTERM', () => interrupted.abort());
  let code = 0;
  for (const [i, url] of options.urls.entries()) {
    let agent = options.agents[i];
    const onOutcome = (outcome: Outcome): void => {
      agent ??= outcome.server ?? url;
      results.add(agent, outcome);
      progress.clear();
      report(agent, outcome);
      progress.step();
    };
    try {
      const { parallel, patience } = options;
      const { signal } = interrupted;
      await runFuzzingClient({ target: parseTarget(url), cases, parallel, patience, onOutcome, signal });
    } catch (error) {
      process.stderr.write(`${url} can't be reached: ${(error as Error).message}\n`);
      code = UNREACHABLE;
    }
  }
  progress.clear();
  await writeReports(options, results);
  const verdict = verdictOf(options, results);
  if (!interrupted.signal.aborted) return code || verdict;
  process.stdout.write(`Interrupted: ${progress.done} of ${progress.total} cases were run.\n`);
  return FAILED;
}

async function runServer(options: Options, port: number, cases: readonly Case[]): Promise<number> {
  const results = new Results();
  let writing = Promise.resolve();
  const server = await serveFuzzing({
    host: options.host,
    patience: options.patience,
    port,
    cases,
    results,
    onOutcome: report,
    onUpdateReports: () => void (writing = writing.then(() => writeReports(options, results))),
    renderReport: () => renderHtml(results, 'Clients'),
  });
  process.stdout.write(`${cases.length} cases at ${server.url} (Ctrl-C ends it; reports go to ${options.report})\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.close();
  await writing;
  return verdictOf(options, results);
}

function report(agent: string, { test, behavior, behaviorClose, result, resultClose, duration }: Outcome): void {
  const verdict = behavior === behaviorClose ? behavior : `${behavior} / ${behaviorClose}`;
  const why = behavior === 'OK' ? (behaviorClose === 'OK' ? '' : `  ${resultClose}`) : `  ${result}`;
  process.stdout.write(`${agent}  ${test.id.padEnd(8)} ${verdict}  ${duration} ms${why}\n`);
}

async function writeReports(options: Options, results: Results): Promise<void> {
  await mkdir(options.report, { recursive: true });
  await writeJsonReport(options.report, results);
  const title = options.serve === undefined ? 'Servers' : 'Clients';
  await writeFile(join(options.report, 'index.html'), renderHtml(results, title));
}

function verdictOf(options: Options, results: Results): number {
  let code = 0;
  for (const agent of results.agents) {
    const { total, groups, failed, nonStrict } = summarize(results.of(agent));
    const parts = [...groups].map(([verdict, ids]) => {
      const which = verdict === 'OK' ? '' : ` (${ids.length > 12 ? `${ids.slice(0, 12).join(' ')} …` : ids.join(' ')})`;
      return `${ids.length} ${verdict}${which}`;
    });
    process.stdout.write(`${agent}: ${total} cases: ${parts.join(', ')}\n`);
    if (failed || (options.strict && nonStrict)) code = FAILED;
  }
  return code;
}

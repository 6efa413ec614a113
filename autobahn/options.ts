import { parseArgs } from 'node:util';

/** What --help prints, for a command of this name. */
export const usage = (
  program: string,
): string => `Runs the cases of Autobahn Testsuite against a WebSocket implementation.

  ${program} ws://127.0.0.1:9001
      against a server that echoes
  ${program} --serve 9001
      as a server that a client under test walks through

  --cases '1.*,9.1.1'    which cases (default: all); a star stands for any rest
  --exclude '12.*,13.*'  which not
  --messages N           messages of a case in 9.7, 9.8, 12 and 13 (default: 1000)
  --parallel N           cases at once, against a server (default: 1)
  --patience N           multiplies the deadlines, for a slow or busy machine (default: 1)
  --agent NAME           what to call the server in the report; once for each URL (default: its Server field)
  --host ADDRESS         where to listen (default: 127.0.0.1)
  --report FOLDER        where the report goes (default: reports/autobahn/servers, or clients)
  --strict               NON-STRICT counts as failed
  --list                 prints the cases instead of running them

Exit code: 0 when nothing failed, 1 when something did, 2 for a wrong command line, 3 when a server can't be reached.
`;

export interface Options {
  readonly urls: readonly string[];
  readonly serve: number | undefined;
  readonly host: string;
  readonly cases: readonly string[];
  readonly exclude: readonly string[];
  readonly messages: number | undefined;
  readonly parallel: number;
  readonly patience: number;
  readonly agents: readonly string[];
  readonly report: string;
  readonly strict: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

/** Reads the command line. Throws a TypeError or RangeError for a wrong one. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      serve: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      cases: { type: 'string', multiple: true },
      exclude: { type: 'string', multiple: true },
      messages: { type: 'string' },
      parallel: { type: 'string', default: '1' },
      patience: { type: 'string', default: '1' },
      agent: { type: 'string', multiple: true },
      report: { type: 'string' },
      strict: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const serve = values.serve === undefined ? undefined : integer('--serve', values.serve, 0, 65535);
  const agents = values.agent ?? [];
  if (agents.length > positionals.length) throw new RangeError('more agents than URLs');
  if (serve !== undefined && positionals.length > 0) throw new RangeError('either URLs or --serve');
  return {
    urls: positionals,
    serve,
    host: values.host,
    cases: split(values.cases, ['*']),
    exclude: split(values.exclude, []),
    messages: values.messages === undefined ? undefined : integer('--messages', values.messages, 1, 1e9),
    parallel: integer('--parallel', values.parallel, 1, 1000),
    patience: integer('--patience', values.patience, 1, 1000),
    agents,
    report: values.report ?? `reports/autobahn/${serve === undefined ? 'servers' : 'clients'}`,
    strict: values.strict,
    list: values.list,
    help: values.help,
  };
}

function split(values: readonly string[] | undefined, fallback: readonly string[]): readonly string[] {
  return values === undefined ? fallback : values.flatMap((value) => value.split(',').map((part) => part.trim()));
}

function integer(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new RangeError(`${name} wants a number from ${least} to ${most}`);
  }
  return value;
}

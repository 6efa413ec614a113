import { writeFile } from 'node:fs/promises';
import { examine } from './doctor/doctor.ts';
import type { Finding, Severity } from './doctor/finding.ts';
import { isHealthy, toHtml, verdict } from './doctor/report.ts';
import { aborted, Exit, UsageError, untilInterrupted } from './exit.ts';
import { paint, printable, type Paint } from './terminal.ts';

/** What the command line says. */
export interface DoctorOptions {
  header?: Record<string, string>;
  subprotocol?: string[];
  origin?: string;
  proxy?: string;
  insecure?: boolean;
  timeout?: number;
  idle?: number;
  messages?: boolean;
  json?: boolean;
  html?: string;
}

const COLOURS: Record<Severity, Paint> = {
  ok: 'green',
  note: 'cyan',
  warning: 'yellow',
  broken: 'red',
  skipped: 'dim',
};

/** `sansocket doctor URL`. */
export async function doctor(url: string, options: DoctorOptions): Promise<number> {
  const isShown = options.json !== true;
  const interrupted = untilInterrupted();
  const findings: Finding[] = [];
  const examination = examine(
    url,
    {
      origin: options.origin,
      headers: options.header ?? {},
      subprotocols: options.subprotocol ?? [],
      proxy: options.proxy,
      insecure: options.insecure ?? false,
      messages: options.messages ?? true,
      idle: options.idle ?? 0,
      timeout: (options.timeout ?? 10) * 1000,
    },
    (finding) => {
      findings.push(finding);
      if (isShown) print(finding);
    },
  );
  await Promise.race([examination, aborted(interrupted)]);
  const healthy = isHealthy(findings) && !interrupted.aborted;
  const outcome = interrupted.aborted ? 'Interrupted: this is what was found by then.' : verdict(findings);
  if (isShown) console.log(`\n${paint(healthy ? 'green' : 'red', outcome)}`);
  else console.log(JSON.stringify({ url, healthy, verdict: outcome, findings }, null, 2));
  if (options.html !== undefined) {
    await writeFile(options.html, toHtml(url, findings)).catch((error: Error) => {
      throw new UsageError(error.message);
    });
  }
  // What is still being tried must not keep the program.
  if (interrupted.aborted) setTimeout(() => process.exit(Exit.FAILED), 100).unref();
  return healthy ? Exit.OK : Exit.FAILED;
}

function print({ stage, severity, text, advice, id }: Finding): void {
  const name = severity === 'ok' ? '' : paint('dim', ` [${id}]`);
  console.log(`${paint(COLOURS[severity], severity.padEnd(8))} ${stage.padEnd(8)} ${printable(text)}${name}`);
  for (const line of advice) console.log(`${' '.repeat(18)}→ ${printable(line)}`);
}

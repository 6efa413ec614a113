import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Seen } from '../case.ts';
import type { Results } from '../results.ts';
import type { Outcome } from '../run.ts';
import { textOf } from '../wire-log.ts';

/** A case's line in index.json. */
export interface IndexEntry {
  readonly behavior: string;
  readonly behaviorClose: string;
  /** Milliseconds. */
  readonly duration: number;
  readonly remoteCloseCode: number | null;
  readonly reportfile: string;
}

/** index.json: by agent, by case. */
export type Index = Record<string, Record<string, IndexEntry>>;

/** Writes index.json and a file for each agent and case, in the official suite's shape, into this folder. */
export async function writeJsonReport(folder: string, results: Results): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'index.json'), format(indexOf(results)));
  for (const agent of results.agents) {
    for (const outcome of results.of(agent)) {
      await writeFile(join(folder, fileOf(agent, outcome.test.id)), format(detailsOf(agent, outcome)));
    }
  }
}

export function indexOf(results: Results): Index {
  const index: Index = {};
  for (const agent of results.agents) {
    index[agent] = {};
    for (const outcome of results.of(agent)) {
      index[agent][outcome.test.id] = {
        behavior: outcome.behavior,
        behaviorClose: outcome.behaviorClose,
        duration: outcome.duration,
        remoteCloseCode: outcome.facts.remoteCloseCode,
        reportfile: fileOf(agent, outcome.test.id),
      };
    }
  }
  return index;
}

/** Everything about one case, with the names that the official suite gives it. */
export function detailsOf(agent: string, outcome: Outcome): Record<string, unknown> {
  const { test, facts, log } = outcome;
  const { conduct, closing } = test;
  return {
    agent,
    behavior: outcome.behavior,
    behaviorClose: outcome.behaviorClose,
    id: test.id,
    description: test.description,
    expectation: test.expectation,
    expected:
      conduct.kind === 'exchange'
        ? {
            OK: conduct.ok.map(describe),
            ...(conduct.nonStrict === undefined ? {} : { 'NON-STRICT': conduct.nonStrict.map(describe) }),
          }
        : {},
    expectedClose: {
      closedByMe: closing.byMe,
      closeCode: closing.codes,
      requireClean: closing.clean,
      ...(closing.wrongSideIsFatal === true ? { closedByWrongEndpointIsFatal: true } : {}),
    },
    received: outcome.seen.map(describe),
    result: outcome.result,
    resultClose: outcome.resultClose,
    started: outcome.started,
    duration: outcome.duration,
    reportTime: test.reportTime === true,
    reportCompressionRatio: test.reportCompressionRatio === true,
    isServer: outcome.role === 'server',
    ...facts,
    wasOpenHandshakeTimeout: outcome.openTimedOut,
    httpRequest: outcome.request,
    httpResponse: outcome.response,
    createStats: true,
    rxOctetStats: log.octetsReceived,
    txOctetStats: log.octetsSent,
    rxFrameStats: log.framesReceived,
    txFrameStats: log.framesSent,
    trafficStats: outcome.traffic?.toJSON() ?? null,
    createWirelog: true,
    wirelog: log.rows,
  };
}

/** The name of a case's file, as the official suite makes it. */
function fileOf(agent: string, id: string): string {
  const name = agent
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]/g, ' ')
    .trim()
    .replaceAll(' ', '_');
  return `${name}_case_${id.replaceAll('.', '_')}.json`;
}

function describe(seen: Seen): unknown[] {
  if (seen.type === 'timeout') return [seen.type, seen.tag];
  return seen.type === 'pong' ? [seen.type, textOf(seen.payload)] : [seen.type, textOf(seen.payload), seen.binary];
}

function format(value: unknown): string {
  return JSON.stringify(value, undefined, 3) + '\n';
}

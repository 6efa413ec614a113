import type { Case, ExpectedClosing, Seen } from './case.ts';
import type { ClosingFacts, Role } from './endpoint.ts';

/** How the peer did what the case is about. */
export type Behavior = 'OK' | 'NON-STRICT' | 'INFORMATIONAL' | 'FAILED' | 'UNIMPLEMENTED';

/** How the connection ended. */
export type BehaviorClose = 'OK' | 'INFORMATIONAL' | 'FAILED' | 'WRONG CODE' | 'UNCLEAN' | 'FAILED BY CLIENT';

/** What happened in the connection, before anyone asks how it ended. */
export interface Finding {
  readonly behavior: Behavior;
  readonly result: string;
}

/** All of it, as it stands in a report. */
export interface Verdict extends Finding {
  readonly behaviorClose: BehaviorClose;
  readonly resultClose: string;
}

/** What a verdict is made of. */
export interface Evidence {
  /** Whether the opening handshake was completed, and why not. */
  readonly opened: boolean;
  readonly fault: string | undefined;
  /** What was found on the way, for a reply or round trips; an exchange is judged by what was seen. */
  readonly finding: Finding | undefined;
  readonly seen: readonly Seen[];
  readonly framesSent: Readonly<Record<string, number>>;
  readonly facts: ClosingFacts;
}

/** Judges a case that is over, as Autobahn judges: behaviour by itself, closing by itself. `role` is the suite's own. */
export function judge(test: Case, role: Role, evidence: Evidence): Verdict {
  if (!evidence.opened) {
    const why = evidence.fault === undefined ? '' : `: ${evidence.fault}`;
    const result = `The opening handshake was never completed${why}.`;
    return { behavior: 'FAILED', result, behaviorClose: 'FAILED', resultClose: result };
  }
  let { behavior, result } = evidence.finding ?? compare(test, evidence.seen);
  let { behaviorClose, resultClose } = judgeClosing(test.closing, role, evidence.facts);
  if (test.closing.wrongSideIsFatal === true && test.closing.byMe !== evidence.facts.closedByMe) {
    behavior = 'FAILED';
    result = 'The peer did not notice: the connection was not failed by it.';
  }
  if (test.codeMatters === true && behaviorClose === 'WRONG CODE') {
    behavior = 'FAILED';
    result = resultClose;
  }
  if (test.framesSent !== undefined && !sameCounts(test.framesSent, evidence.framesSent)) {
    behavior = 'FAILED';
    result = `The suite sent other frames than it should have: ${JSON.stringify(evidence.framesSent)}.`;
  }
  if (test.informational !== undefined) {
    const { ok, nonStrict, failed } = test.informational;
    result = behavior === 'OK' ? ok : behavior === 'NON-STRICT' ? nonStrict : failed;
    behavior = 'INFORMATIONAL';
    behaviorClose = 'INFORMATIONAL';
  }
  return { behavior, result, behaviorClose, resultClose };
}

/** Whether this is what a case expects to see. */
export function sameSeen(a: readonly Seen[], b: readonly Seen[]): boolean {
  return a.length === b.length && a.every((seen, i) => sameOne(seen, b[i]!));
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

function compare(test: Case, seen: readonly Seen[]): Finding {
  const { conduct } = test;
  if (conduct.kind === 'exchange') {
    if (sameSeen(seen, conduct.ok)) return { behavior: 'OK', result: 'Everything came back as expected.' };
    if (conduct.nonStrict !== undefined && sameSeen(seen, conduct.nonStrict)) {
      return { behavior: 'NON-STRICT', result: 'What came back is permitted, but not what was hoped for.' };
    }
  }
  return { behavior: 'FAILED', result: 'What came back differs from everything that is expected.' };
}

function judgeClosing(
  expected: ExpectedClosing,
  role: Role,
  facts: ClosingFacts,
): { behaviorClose: BehaviorClose; resultClose: string } {
  if (expected.byMe !== facts.closedByMe) {
    return { behaviorClose: 'FAILED', resultClose: 'The wrong side closed the connection, or neither did.' };
  }
  if (expected.clean && !facts.wasClean) {
    return { behaviorClose: 'UNCLEAN', resultClose: `A clean close is required here; ${facts.wasNotCleanReason}.` };
  }
  if (facts.remoteCloseCode !== null && !expected.codes.includes(facts.remoteCloseCode)) {
    const wanted = expected.codes.join(' or ');
    return {
      behaviorClose: 'WRONG CODE',
      resultClose: `The close code is ${facts.remoteCloseCode}; it should be ${wanted}, or none.`,
    };
  }
  if (role === 'client' && facts.droppedByMe) {
    return { behaviorClose: 'FAILED BY CLIENT', resultClose: 'The server should be the one to drop TCP.' };
  }
  return { behaviorClose: 'OK', resultClose: 'The connection was closed properly.' };
}

function sameOne(a: Seen, b: Seen): boolean {
  if (a.type === 'timeout') return b.type === 'timeout' && a.tag === b.tag;
  if (b.type === 'timeout' || !sameBytes(a.payload, b.payload)) return false;
  if (a.type === 'pong' || b.type === 'pong') return a.type === b.type;
  return a.binary === b.binary;
}

function sameCounts(wanted: Readonly<Record<string, number>>, got: Readonly<Record<string, number>>): boolean {
  return Object.entries(wanted).every(([key, count]) => got[key] === count);
}

import type { Case } from './case.ts';
import type { Outcome } from './run.ts';

/** The outcomes of a run, by agent and case. A case that is run again replaces its outcome. */
export class Results {
  private readonly byAgent: Map<string, Map<string, Outcome>>;
  private readonly listeners: Map<string, ((outcome: Outcome) => void)[]>;

  constructor() {
    this.byAgent = new Map();
    this.listeners = new Map();
  }

  get agents(): string[] {
    return [...this.byAgent.keys()].sort();
  }

  add(agent: string, outcome: Outcome): void {
    let outcomes = this.byAgent.get(agent);
    if (outcomes === undefined) this.byAgent.set(agent, (outcomes = new Map()));
    outcomes.set(outcome.test.id, outcome);
    const key = keyOf(agent, outcome.test);
    const listeners = this.listeners.get(key) ?? [];
    this.listeners.delete(key);
    for (const listener of listeners) listener(outcome);
  }

  get(agent: string, test: Case): Outcome | undefined {
    return this.byAgent.get(agent)?.get(test.id);
  }

  /** An agent's outcomes. */
  of(agent: string): Outcome[] {
    return [...(this.byAgent.get(agent)?.values() ?? [])];
  }

  /** Calls back with an outcome: at once, or when it is there. */
  whenThere(agent: string, test: Case, listener: (outcome: Outcome) => void): void {
    const outcome = this.get(agent, test);
    if (outcome !== undefined) {
      listener(outcome);
      return;
    }
    const key = keyOf(agent, test);
    this.listeners.set(key, [...(this.listeners.get(key) ?? []), listener]);
  }
}

/** What there is to say of an agent: how many cases came to which verdict, and those that are not OK. */
export interface Summary {
  readonly total: number;
  /** "behaviour / closing", with the cases; closing is left out where it is the same. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** Whether any case failed, in behaviour or in closing; NON-STRICT is no failure, UNIMPLEMENTED neither. */
  readonly failed: boolean;
  readonly nonStrict: boolean;
}

const PASSED: ReadonlySet<string> = new Set(['OK', 'NON-STRICT', 'INFORMATIONAL', 'UNIMPLEMENTED']);

export function summarize(outcomes: readonly Outcome[]): Summary {
  const groups = new Map<string, string[]>();
  for (const { behavior, behaviorClose, test } of outcomes) {
    const key = behavior === behaviorClose ? behavior : `${behavior} / ${behaviorClose}`;
    groups.set(key, [...(groups.get(key) ?? []), test.id]);
  }
  return {
    total: outcomes.length,
    groups,
    failed: outcomes.some((it) => !PASSED.has(it.behavior) || !PASSED.has(it.behaviorClose)),
    nonStrict: outcomes.some((it) => it.behavior === 'NON-STRICT'),
  };
}

function keyOf(agent: string, test: Case): string {
  return `${test.id} ${agent}`;
}

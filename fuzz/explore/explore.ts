/** Breadth first through all states that two connected cores can reach, to a depth; every law on every one of them. */
import { createHash } from 'node:crypto';
import { CAUSES, STATE_NAMES } from '../../protocol/states.ts';
import { isAllowed, nextState, RoleNumber } from '../../protocol/transitions.ts';
import type { Role } from '../support/subject.ts';
import { changeInWords, type Start } from './side.ts';
import { type Move, World } from './world.ts';

export interface Explored {
  readonly states: number;
  readonly moves: number;
  readonly depth: number;
  /** Whether every state of the last depth is known to have nothing new behind it. */
  readonly isComplete: boolean;
  /** The changes of state that were made, as `server: OPEN close CLOSE_SENT`. */
  readonly taken: ReadonlySet<string>;
  /** The shortest way to a law that is broken, if one is. */
  readonly broken: { readonly trace: readonly Move[]; readonly error: Error } | undefined;
}

interface Node {
  readonly parent: Node | undefined;
  readonly move: Move;
}

/** `onDepth` is told after each depth how many states there are, and stops it by returning false. */
export function explore(
  depth: number,
  start: Start,
  onDepth: (depth: number, states: number, moves: number) => boolean = () => true,
): Explored {
  const seen = new Set([digest(new World(start))]);
  let frontier: (Node | undefined)[] = [undefined];
  const taken = new Set<string>();
  let count = 0;
  for (let level = 1; level <= depth; level++) {
    const next: Node[] = [];
    for (const node of frontier) {
      for (const move of replay(node, start).moves()) {
        count++;
        const child: Node = { parent: node, move };
        const world = replay(node, start, taken);
        let state = '';
        try {
          world.make(move);
          state = digest(world);
          if (seen.has(state)) continue;
          // Whatever happened so far, it comes to an end once everything is delivered and every deadline has passed.
          world.drain();
        } catch (error) {
          const broken = { trace: traceOf(child), error: error as Error };
          return { states: seen.size, moves: count, depth: level, isComplete: false, taken, broken };
        }
        seen.add(state);
        next.push(child);
      }
    }
    frontier = next;
    const isComplete = frontier.length === 0;
    if (isComplete || !onDepth(level, seen.size, count) || level === depth) {
      return { states: seen.size, moves: count, depth: level, isComplete, taken, broken: undefined };
    }
  }
  return { states: seen.size, moves: count, depth, isComplete: false, taken, broken: undefined };
}

/** A fingerprint in 16 bytes: millions of them are kept. */
function digest(world: World): string {
  return createHash('md5').update(world.fingerprint()).digest('base64');
}

/** A core can't be copied: a state is made again by its moves, whose laws have been checked. */
function replay(node: Node | undefined, start: Start, taken?: Set<string>): World {
  const world = new World(start, taken);
  for (const move of traceOf(node)) world.make(move, false);
  return world;
}

function traceOf(node: Node | undefined): Move[] {
  const trace: Move[] = [];
  for (let at = node; at !== undefined; at = at.parent) trace.push(at.move);
  return trace.reverse();
}

/** The changes of state that the tables allow and that no way has taken. */
export function untaken(taken: ReadonlySet<string>): string[] {
  const roles: readonly Role[] = ['server', 'client'];
  return roles.flatMap((role) =>
    STATE_NAMES.flatMap((from, state) =>
      CAUSES.flatMap((cause, index) => {
        if (!isAllowed(RoleNumber[role], state, index)) return [];
        const to = STATE_NAMES[nextState(RoleNumber[role], state, index)];
        const change = changeInWords(role, { from, cause, to });
        return to === from || taken.has(change) ? [] : [change];
      }),
    ),
  );
}

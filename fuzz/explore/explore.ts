/** Breadth first through all states that two connected cores can reach, to a depth; every law on every one of them. */
import { createHash } from 'node:crypto';
import type { Start } from './side.ts';
import { type Move, World } from './world.ts';

export interface Explored {
  readonly states: number;
  readonly moves: number;
  readonly depth: number;
  /** Whether every state of the last depth is known to have nothing new behind it. */
  readonly isComplete: boolean;
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
  let count = 0;
  for (let level = 1; level <= depth; level++) {
    const next: Node[] = [];
    for (const node of frontier) {
      for (const move of replay(node, start).moves()) {
        count++;
        const child: Node = { parent: node, move };
        const world = replay(node, start);
        let state = '';
        try {
          world.make(move);
          state = digest(world);
          if (seen.has(state)) continue;
          // Whatever happened so far, it comes to an end once everything is delivered and every deadline has passed.
          world.drain();
        } catch (error) {
          const broken = { trace: traceOf(child), error: error as Error };
          return { states: seen.size, moves: count, depth: level, isComplete: false, broken };
        }
        seen.add(state);
        next.push(child);
      }
    }
    frontier = next;
    const isComplete = frontier.length === 0;
    if (isComplete || !onDepth(level, seen.size, count) || level === depth) {
      return { states: seen.size, moves: count, depth: level, isComplete, broken: undefined };
    }
  }
  return { states: seen.size, moves: count, depth, isComplete: false, broken: undefined };
}

/** A fingerprint in 16 bytes: millions of them are kept. */
function digest(world: World): string {
  return createHash('md5').update(world.fingerprint()).digest('base64');
}

/** A core can't be copied: a state is made again by its moves, whose laws have been checked. */
function replay(node: Node | undefined, start: Start): World {
  const world = new World(start);
  for (const move of traceOf(node)) world.make(move, false);
  return world;
}

function traceOf(node: Node | undefined): Move[] {
  const trace: Move[] = [];
  for (let at = node; at !== undefined; at = at.parent) trace.push(at.move);
  return trace.reverse();
}

/** Breadth first through every state that a hub's machine can reach in so many moves; every law on every one of them. */
import { createHash } from 'node:crypto';
import { type Bounds, type Move, World } from './world.ts';

export interface ExploredTopics {
  readonly states: number;
  readonly depth: number;
  readonly broken: { readonly trace: readonly Move[]; readonly error: Error } | undefined;
}

interface Node {
  readonly parent: Node | undefined;
  readonly move: Move;
}

export function exploreTopics(depth: number, bounds?: Bounds, onDepth = (_depth: number, _states: number): void => {}) {
  const seen = new Set([digest(new World(bounds))]);
  let frontier: (Node | undefined)[] = [undefined];
  for (let level = 1; level <= depth; level++) {
    const next: Node[] = [];
    for (const node of frontier) {
      for (const move of replay(node, bounds).moves()) {
        const child: Node = { parent: node, move };
        try {
          const world = replay(node, bounds);
          world.make(move);
          const state = digest(world);
          if (seen.has(state)) continue;
          seen.add(state);
          next.push(child);
          world.settle();
        } catch (error) {
          return { states: seen.size, depth: level, broken: { trace: traceOf(child), error: error as Error } };
        }
      }
    }
    frontier = next;
    onDepth(level, seen.size);
  }
  return { states: seen.size, depth, broken: undefined } satisfies ExploredTopics;
}

function digest(world: World): string {
  return createHash('md5').update(world.fingerprint()).digest('base64');
}

function replay(node: Node | undefined, bounds: Bounds | undefined): World {
  const world = new World(bounds);
  for (const move of traceOf(node)) world.make(move);
  return world;
}

function traceOf(node: Node | undefined): Move[] {
  const trace: Move[] = [];
  for (let at = node; at !== undefined; at = at.parent) trace.push(at.move);
  return trace.reverse();
}

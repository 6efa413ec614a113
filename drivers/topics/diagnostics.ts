import type { TopicsObserver } from './options.ts';

/** What of node:diagnostics_channel is used here. */
interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

interface WithBuiltins {
  process?: { getBuiltinModule?(name: string): { channel(name: string): Channel } | undefined };
}

/** Where there is no such module, nobody listens. */
const DEAF: Channel = { hasSubscribers: false, publish: () => {} };

const module = (globalThis as WithBuiltins).process?.getBuiltinModule?.('node:diagnostics_channel');

const publish = module?.channel('sansocket:topics:publish') ?? DEAF;
const gap = module?.channel('sansocket:topics:gap') ?? DEAF;
const engine = module?.channel('sansocket:topics:engine') ?? DEAF;

/**
 * Publishes what observers are told on node:diagnostics_channel, where the runtime has it (Node 20.16, Bun, Deno):
 * `sansocket:topics:publish`, `sansocket:topics:gap` and `sansocket:topics:engine`. One that nobody listens to costs a look.
 */
export const diagnostics: TopicsObserver = {
  get onPublish() {
    return publish.hasSubscribers ? (event: unknown) => publish.publish(event) : undefined;
  },
  get onGap() {
    return gap.hasSubscribers ? (event: unknown) => gap.publish(event) : undefined;
  },
  get onEngine() {
    return engine.hasSubscribers ? (event: unknown) => engine.publish(event) : undefined;
  },
};

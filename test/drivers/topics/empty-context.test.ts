/** The machines of topics and presence touch nothing but the language, and a whole hub over the pipe no more than promises. */
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/source.ts';

const PROGRAM = `
  import { createNetwork } from './drivers/pipe/index.ts';
  import { SeededRandom } from './drivers/pipe/random.ts';
  import { createPresence, createTopics } from './drivers/topics/index.ts';
  import { World } from './fuzz/topics/world.ts';
  import { World as PresenceWorld } from './test/drivers/topics/presence/world.ts';

  /** A walk at random through the hub's machine, and one through presence's. */
  export function walk(seed) {
    const random = new SeededRandom(seed);
    const world = new World();
    for (let step = 0; step < 40; step++) {
      const moves = world.moves();
      world.make(moves[Math.floor(random.fraction() * moves.length)]);
    }
    world.settle();
    const presence = new PresenceWorld(seed, 3, 100_000);
    for (let step = 0; step < 10; step++) presence.step();
    presence.settle();
    return world.fingerprint();
  }

  export async function run() {
    const network = createNetwork();
    const hub = createTopics({ clock: network.clock, random: () => 0.5 });
    await hub.start();
    const presence = createPresence(hub);
    await network.listen({ host: 'server' }, async (ws) => {
      await hub.subscribe(ws, 'news');
      await presence.enter(ws, 'news', 'ann');
      await ws.send('there');
      await ws.closed;
    });
    const ws = await network.open('ws://server');
    const first = await ws.receive();
    await hub.publish('news', 'grüße');
    return JSON.stringify([first, await ws.receive(), presence.entries('news').length]);
  }
`;

test('they run in a context without timers, a clock, randomness, crypto or a text decoder', async () => {
  const { outputFiles } = await build({
    stdin: { contents: PROGRAM, resolveDir: ROOT, loader: 'js' },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'program',
    platform: 'neutral',
    target: 'es2022',
  });
  const context = createContext(Object.create(null));
  runInContext(
    `delete globalThis.console; delete globalThis.WebAssembly;
     Math.random = Date.now = () => { throw new Error('somebody has asked for randomness or the time'); };`,
    context,
  );
  const names = ['setImmediate', 'setTimeout', 'process', 'performance', 'crypto', 'TextDecoder', 'AbortController'];
  expect(names.map((name) => runInContext(`typeof ${name}`, context))).toEqual(names.map(() => 'undefined'));
  runInContext(outputFiles[0]!.text, context);
  const walks = Array.from({ length: 20 }, (_, seed) => runInContext(`program.walk(${seed})`, context) as string);
  expect(new Set(walks).size).toBeGreaterThan(15);
  expect(runInContext('program.walk(3)', context)).toBe(walks[3]);
  expect(JSON.parse(await runInContext('program.run()', context))).toEqual(['there', 'grüße', 1]);
});

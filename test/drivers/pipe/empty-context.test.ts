/** The pipe touches nothing but the language: it runs where there is nothing else. */
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/source.ts';

const PROGRAM = `
  import { createNetwork } from './drivers/pipe/index.ts';

  export async function run() {
    const network = createNetwork({ cut: 'random', seed: 5 });
    const server = await network.listen({ host: 'server' }, async (ws) => {
      for await (const message of ws) await ws.send(message);
    });
    const answers = await network.open('ws://server', async (ws) => {
      await ws.send('grüße');
      await ws.send(['a ', 'message']);
      const answers = [await ws.receive(), await ws.receive()];
      await network.advance(3_600_000);
      return [...answers, ws.state];
    });
    await server.close();
    await network.settle();
    return JSON.stringify([answers, network.clock.timers, network.links.length]);
  }
`;

test('a session runs in a context without timers, channels, crypto or a text decoder', async () => {
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
  runInContext('delete globalThis.console; delete globalThis.WebAssembly;', context);
  const names = ['setImmediate', 'setTimeout', 'MessageChannel', 'crypto', 'TextDecoder', 'URL', 'AbortController'];
  expect(names.map((name) => runInContext(`typeof ${name}`, context))).toEqual(names.map(() => 'undefined'));
  runInContext(outputFiles[0]!.text, context);
  const result = JSON.parse(await runInContext('program.run()', context));
  expect(result).toEqual([['grüße', 'a message', 'open'], 0, 0]);
});

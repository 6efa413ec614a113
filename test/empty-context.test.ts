/** Rule 1 of the house: the built core runs where there is nothing but the language. */
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Session } from './support/core-session.ts';
import { session } from './support/core-session.ts';
import { ROOT, freshBuild } from './support/source.ts';

let script: string;

beforeAll(async () => {
  const dist = freshBuild();
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'test/support/core-session.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'program',
    platform: 'neutral',
    target: 'es2022',
    // The session is written against the sources, for its types; what runs is the build.
    plugins: [
      {
        name: 'built-core',
        setup: ({ onResolve }) =>
          onResolve({ filter: /protocol\/index\.ts$/ }, () => ({ path: join(dist, 'protocol.js') })),
      },
    ],
  });
  script = outputFiles[0].text;
});

/** The session, run in a context without a prototype behind its global, whose clock and random numbers throw. */
function inEmptyContext(size: number): Session {
  const context = createContext(Object.create(null));
  runInContext(
    `delete globalThis.console; delete globalThis.WebAssembly; delete globalThis.SharedArrayBuffer; delete globalThis.Atomics;
     Math.random = Date.now = () => { throw new Error('the core has asked for randomness or the time'); };`,
    context,
  );
  runInContext(script, context);
  return JSON.parse(runInContext(`JSON.stringify(program.session(${size}))`, context));
}

describe('the built core in an empty context', () => {
  test('has nothing but the language there', () => {
    const context = createContext(Object.create(null));
    const names = [
      'TextDecoder',
      'crypto',
      'Buffer',
      'process',
      'setTimeout',
      'queueMicrotask',
      'URL',
      'structuredClone',
    ];
    expect(names.map((name) => runInContext(`typeof ${name}`, context))).toEqual(names.map(() => 'undefined'));
  });

  test('goes through the handshake, messages, hours of keepalive and the closing handshake', () => {
    const { client, server } = inEmptyContext(Infinity);
    expect(client).toMatchInlineSnapshot(`
      [
        "{"type":"open"}",
        "{"type":"text","text":""}",
        "{"type":"binary","bytes":"0 bytes, 0"}",
        "{"type":"pong","payload":"2 bytes, 1","id":0,"roundTrip":0}",
        "{"type":"pong","payload":"3 bytes, 33","id":1,"roundTrip":1}",
        "540 × ping",
        "540 × pong",
        "{"type":"closeFrame","code":4000,"reason":"enough"}",
        "{"type":"closed","info":{"code":4000,"reason":"enough","clean":true,"received":{"code":4000,"reason":"enough"},"sent":{"code":4000,"reason":"enough"},"first":"received"}}",
      ]
    `);
    expect(server).toMatchInlineSnapshot(`
      [
        "{"type":"request"}",
        "{"type":"open"}",
        "{"type":"text","text":"Grüße, 世界 👋"}",
        "{"type":"binary","bytes":"70000 bytes, 151894287"}",
        "{"type":"text","text":"one message"}",
        "{"type":"ping","payload":"3 bytes, 33"}",
        "540 × ping",
        "540 × pong",
        "{"type":"closeFrame","code":4000,"reason":"enough"}",
        "{"type":"closed","info":{"code":4000,"reason":"enough","clean":true,"received":{"code":4000,"reason":"enough"},"sent":{"code":4000,"reason":"enough"},"first":"sent"}}",
      ]
    `);
  });

  test.each([1, 2, 7, 4096])('does the same in pieces of %i bytes, and as the sources do in Node', (size) => {
    expect(inEmptyContext(size)).toEqual(session(Infinity));
  });
});

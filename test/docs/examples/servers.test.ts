/** The examples of servers with others in the house, as their readers run them, and what they print. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { runNode } from '../../support/run.ts';
import { ROOT, freshBuild } from '../../support/source.ts';

let folder: string;

beforeAll(() => {
  freshBuild();
  folder = mkdtempSync(join(tmpdir(), 'sansocket-examples-'));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['express', 'fastify'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  symlinkSync(ROOT, join(folder, 'node_modules/sansocket'));
});

afterAll(() => rmSync(folder, { recursive: true }));

async function runExample(name: string): Promise<string> {
  const source = readFileSync(join(ROOT, 'docs/examples', `${name}.js`), 'utf8');
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, source.replaceAll('8080', String(await freePort())));
  const { exit, stdout, stderr } = await runNode([path], folder, 18_000);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  return stdout;
}

describe('on the server of', () => {
  test('Express: two handlers by path, its own routes, a refusal, and an upgrade that nobody takes', async () => {
    expect(await runExample('express')).toBe(
      'hello over HTTP\nhello over a WebSocket\nwelcome, ada\n/rooms/1 401\n/elsewhere 404\n',
    );
  });

  test('Fastify: two handlers by path, its own routes, and a shutdown that says goodbye', async () => {
    expect(await runExample('fastify')).toBe('{"hello":"over HTTP"}\nhello over a WebSocket\nit is late\n1001\n');
  });
});

test('node:cluster: connections in every worker, a message to all of them, and a clean end', async () => {
  expect(await runExample('cluster')).toBe(
    "4 connections in 2 processes\nSet(1) { 'hello, everyone' }\n1001 1001 1001 1001\n",
  );
});

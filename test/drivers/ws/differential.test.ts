/** The face and the `ws` package: the same scripts, the same events, codes and texts. */
import { describe, expect, test } from 'vitest';
import * as original from 'ws';
import * as face from '../../../drivers/ws/index.ts';
import { MORE_SCRIPTS } from './more-scripts.ts';
import { SERVER_SCRIPTS } from './server-scripts.ts';
import { SCRIPTS, type Library, type Script } from './scripts.ts';

/** What it notes, the notes of each of its parties in their order. */
async function run(library: Library, script: Script): Promise<Record<string, string[]>> {
  const notes: Record<string, string[]> = {};
  await script(library, (text) => (notes[/^(client|server): /.exec(text)?.[1] ?? 'script'] ??= []).push(text));
  return notes;
}

describe('the face does what `ws` does', () => {
  test.each(Object.entries({ ...SCRIPTS, ...MORE_SCRIPTS, ...SERVER_SCRIPTS }))('%s', async (_, script) => {
    const expected = await run(original, script);
    expect(await run(face, script)).toEqual(expected);
    expect(Object.values(expected).flat().length).toBeGreaterThan(3);
  });
});

/** The face of `ws` in both roles, as `ws` has it and with `safe`: all but strictness passes, as with our own drivers. */
import { describe, test } from 'vitest';
import { walkThrough } from '../../autobahn/testees/testee.ts';
import { face } from '../../autobahn/testees/ws.ts';
import { passesAsClient, passesAsServer } from './support/quick.ts';

describe.each([
  ['with the defaults of ws', false],
  ['with ours', true],
])('%s', (_, safe) => {
  test('as a server it fails no case', { timeout: 120_000 }, async () => {
    const server = await face(safe).serve(0);
    await passesAsServer(server.url);
    await server.close();
  });

  test('as a client it fails no case', { timeout: 120_000 }, () =>
    passesAsClient((server, agent) => walkThrough(face(safe), server, agent, 4)),
  );
});

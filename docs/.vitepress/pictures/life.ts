import { SCENARIOS } from '../playground/scenarios.ts';
import { drawSequence } from '../playground/sequence.ts';
import { simulate } from '../playground/simulation.ts';
import { picture } from './svg.ts';

/** A connection from its first byte to its last, as two connections of the core have run it. */
export function lifeOfAConnection(): string {
  const [hello] = Object.values(SCENARIOS);
  const ping = { at: 220, who: 'server', what: 'ping' } as const;
  const { width, height, body } = drawSequence(simulate({ ...hello, deeds: [...hello.deeds, ping] }));
  const title =
    'The life of a connection: opening handshake, a message and its echo, a ping and its pong, closing handshake';
  return picture(title, width, height, [body]);
}

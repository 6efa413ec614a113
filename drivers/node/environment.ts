import { randomFillSync } from 'node:crypto';
import { Workspace } from '../../protocol/index.ts';
import { text } from './text.ts';

/** What all connections of this thread share. */
export const workspace = new Workspace({
  random: (bytes) => void randomFillSync(bytes),
  text,
  slabSize: 64 * 1024,
});

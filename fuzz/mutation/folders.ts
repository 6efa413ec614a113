import { readdirSync } from 'node:fs';

/** What is mutated, a folder at a time, and the tests that are to kill it. */
export const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  framing: ['framing/*', 'connection.frames', 'connection.sending'],
  message: ['message/*', 'connection.frames', 'connection.flow', 'connection.deflate*', 'held-bytes'],
  closing: ['closing/*', 'connection.closing', 'connection.ends'],
  handshake: ['handshake/*', 'connection.opening'],
};

/** A folder's files, as `framing/encoder`. */
export function filesOf(folder: string): string[] {
  const names = readdirSync(`protocol/${folder}`).filter((name) => name.endsWith('.ts'));
  return names.sort().map((name) => `${folder}/${name.slice(0, -3)}`);
}

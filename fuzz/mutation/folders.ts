/** What is mutated, a folder at a time, and the tests that are to kill it. */
export const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  framing: ['framing/*', 'connection.frames'],
  message: ['message/*', 'connection.frames', 'connection.flow', 'held-bytes'],
  closing: ['closing/*', 'connection.closing', 'connection.ends'],
  handshake: ['handshake/*', 'connection.opening'],
};

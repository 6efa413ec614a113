/**
 * An echo server to put under test:
 *   node --import tsx autobahn/testees/server.ts [--port 9002] [--implementation own|promise|ws]
 * It says its URL in a line, and ends when its standard input does, or at Ctrl-C.
 */
import { parseArgs } from 'node:util';
import { pickTestee } from './pick.ts';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '9002' }, implementation: { type: 'string', default: 'own' } },
});
const server = await pickTestee(values.implementation).serve(Number(values.port));
process.stdout.write(`${server.url}\n`);
await new Promise<void>((resolve) => {
  process.once('SIGINT', resolve);
  process.once('SIGTERM', resolve);
  process.stdin.once('end', resolve).resume();
});
await server.close();
process.stdin.destroy();

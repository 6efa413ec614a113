import * as fc from 'fast-check';
import { join } from '../../test/support/cuts.ts';
import { checkBytes, checkHead, prefixOf } from '../guided/target.ts';
import type { Target } from '../support/target.ts';
import { anyManner, anyStream, encode } from '../support/wire.ts';

/** Bytes, which is what the coverage-guided fuzzer works on (fuzz/guided/). */
interface Input {
  readonly bytes: Uint8Array;
}

/** Sample streams, in the form in which the coverage-guided fuzzer has them; also what it begins with. */
export const bytes: Target<Input> = {
  name: 'bytes',
  claim: 'whatever the bytes are: the same however they are cut, an output that may be sent, and one end',
  runs: 200,
  arbitrary: fc
    .record({
      ...anyManner,
      stream: anyStream,
      size: fc.integer({ min: 1, max: 256 }),
    })
    .map((it) => ({ bytes: join(prefixOf(it, it.size), encode(it.stream, it.role, it.deflate).subarray(0, 4000)) })),
  check: (input) => checkBytes(input.bytes),
};

const anyLine = fc.constantFrom(
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  'Sec-WebSocket-Extensions: x, permessage-deflate; server_max_window_bits="10"',
  'Sec-WebSocket-Protocol: c, a',
  'Origin: http://server',
  'Sec-WebSocket-Version: 8',
  'Content-Length: 0',
);

/** Requests likewise. */
export const head: Target<Input> = {
  name: 'head',
  claim: 'whatever the bytes of a request are: the same however they are cut, and open or refused',
  runs: 100,
  arbitrary: fc.record({ lines: fc.array(anyLine, { maxLength: 3 }), size: fc.nat(255) }).map(({ lines, size }) => {
    const request = [
      'GET /chat?a=b HTTP/1.1',
      'Host: server',
      'Connection: keep-alive, Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==',
      ...lines,
    ];
    const text = request.join('\r\n') + '\r\n\r\n';
    return { bytes: join(Uint8Array.of(size), new Uint8Array(Buffer.from(text, 'latin1'))) };
  }),
  check: (input) => checkHead(input.bytes),
};

import type { Experiment, Reader } from './bytes.ts';

/** An experiment to begin with. */
export interface Preset extends Pick<Experiment, 'reader' | 'head' | 'cuts' | 'compress'> {
  readonly group: string;
  readonly title: string;
  readonly hex: string;
}

/** The opening handshake of RFC 6455 §1.2 and §1.3. */
export const REQUEST = `GET /chat HTTP/1.1
Host: server.example.com
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Origin: http://server.example.com
Sec-WebSocket-Protocol: chat, superchat
Sec-WebSocket-Version: 13`;

export const RESPONSE = `HTTP/1.1 101 Switching Protocols
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
Sec-WebSocket-Protocol: chat`;

const RFC = 'Examples of RFC 6455 §5.7';
const OPENING = 'Opening handshakes';
const COMPRESSED = 'Examples of RFC 7692 §7.2.3';
const ENDS = 'Closing';
const FAULTS = 'Faults';

export const PRESETS: readonly Preset[] = [
  frames(RFC, 'A text message, not masked', 'client', '81 05 48 65 6c 6c 6f'),
  frames(RFC, 'A text message, masked', 'server', '81 85 37 fa 21 3d 7f 9f 4d 51 58'),
  frames(RFC, 'A text message in two fragments', 'client', '01 03 48 65 6c 80 02 6c 6f', [5]),
  frames(RFC, 'A ping, which is answered', 'client', '89 05 48 65 6c 6c 6f'),
  frames(RFC, 'A pong', 'server', '8a 85 37 fa 21 3d 7f 9f 4d 51 58'),
  frames(RFC, '256 bytes, as a binary message', 'client', `82 7e 01 00 ${'00 '.repeat(256).trim()}`),
  { ...opening('A request, accepted', 'server-opening', REQUEST), hex: '81 85 37 fa 21 3d 7f 9f 4d 51 58' },
  { ...opening('A response, accepted', 'client-opening', RESPONSE), hex: '81 05 48 65 6c 6c 6f' },
  opening('A request of another version', 'server-opening', REQUEST.replace('Version: 13', 'Version: 8')),
  opening('A request of a foreign origin', 'server-opening', REQUEST.replace('http://server.', 'http://elsewhere.')),
  opening('A response with a wrong Sec-WebSocket-Accept', 'client-opening', RESPONSE.replace('s3pP', 'AAAA')),
  opening(
    'A page instead of a 101',
    'client-opening',
    'HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 9\n\n<p>Hello</',
  ),
  { ...frames(COMPRESSED, 'One compressed message', 'client', 'c1 07 f2 48 cd c9 c9 07 00'), compress: true },
  {
    ...frames(
      COMPRESSED,
      'The same again, with the window kept',
      'client',
      'c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00',
      [9],
    ),
    compress: true,
  },
  frames(ENDS, 'A Close frame with a code and a reason', 'client', '88 06 03 e8 64 6f 6e 65'),
  frames(ENDS, 'A Close frame without a body', 'server', '88 80 00 00 00 00'),
  frames(FAULTS, 'A reserved opcode', 'client', '83 00'),
  frames(FAULTS, 'A client’s frame without a mask', 'server', '81 05 48 65 6c 6c 6f'),
  frames(FAULTS, 'Text that is not UTF-8, found before the frame ends', 'client', '81 7e 03 e8 ce ba ff', [5]),
  frames(FAULTS, 'A ping in two fragments', 'client', '09 00'),
  frames(FAULTS, 'A length in a longer form than it needs', 'client', '82 7e 00 05 01 02 03 04 05'),
  frames(FAULTS, 'A Close frame with a code that may not be sent', 'client', '88 02 03 ed'),
  frames(FAULTS, 'Compressed, and nobody agreed on that', 'client', 'c1 07 f2 48 cd c9 c9 07 00'),
];

function frames(group: string, title: string, reader: Reader, hex: string, cuts: readonly number[] = []): Preset {
  return { group, title, reader, head: '', hex, cuts, compress: false };
}

function opening(title: string, reader: Reader, head: string): Preset {
  return { group: OPENING, title, reader, head, hex: '', cuts: [], compress: false };
}

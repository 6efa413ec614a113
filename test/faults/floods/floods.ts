/** The floods: what one peer of each does, how many there are, and what memory they may cost a server by its limits. */
import http2 from 'node:http2';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { constants, deflateRawSync } from 'node:zlib';
import { BINARY, CLOSE, closePayload, CONTINUATION, header, PING, PONG, TEXT } from '../../support/frames.ts';
import { frame, Peer } from './peer.ts';
import type { Service } from './server.ts';

export interface Flood {
  readonly name: string;
  readonly service: Service;
  /** How many peers do it at the same time, each again and again. */
  readonly peers: number;
  /** What each may cost by the limits that are the default, in MiB. */
  readonly bound: number;
  /**
   * Where what it costs is objects, the heap that this package's server has, in MiB: V8 lets what is dead lie until there is four times
   * of what lives, so that memory says how quick the machine is, not what the limits allow. `--heap 0` leaves that out.
   */
  readonly heap?: number;
  /** What a peer does until the connection or the flood is over. Returns false when it could not even begin. */
  attack(port: number, isOver: () => boolean): Promise<boolean>;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** The default limits that the bounds are made of, in MiB. */
const MESSAGE = 16;
const SEND_LIMIT = 16;
/** What a connection costs that has sent a head, and whose requests and answers are in memory: not a number that is set. */
const CONNECTION = 0.05;

const text = frame({ opcode: TEXT, payload: new Uint8Array(64 * KIB).fill(0x61) });
const large = frame({ opcode: BINARY, payload: new Uint8Array(MIB) });
const start = frame({ opcode: TEXT, fin: false });

/** So many of a frame at once. */
function many(one: Uint8Array, count: number): Uint8Array {
  return Buffer.concat(Array.from({ length: count }, () => one));
}

/** An attack on an open connection. */
function onOpen(attack: (peer: Peer) => Promise<void>, lines?: string): Flood['attack'] {
  return async (port, isOver) => {
    const peer = await Peer.open(port, isOver, lines);
    if (peer === undefined) return false;
    await attack(peer);
    peer.end();
    return true;
  };
}

/** An attack before the connection is open. */
function onHead(attack: (peer: Peer) => Promise<void>): Flood['attack'] {
  return async (port, isOver) => {
    const peer = await Peer.connect(port, isOver);
    if (peer === undefined) return false;
    await attack(peer);
    peer.end();
    return true;
  };
}

/** Texts that are answered, and whose answers nobody reads. */
const unreadEchoes = onOpen(async (peer) => {
  peer.deafen();
  await peer.repeat(text);
});

const CONNECT = {
  ...{ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/', ':authority': '127.0.0.1' },
  'sec-websocket-version': '13',
};

/** Streams on one session, each reset at once, until the server has had enough of it. */
async function abortStreams(port: number, isOver: () => boolean): Promise<boolean> {
  const session = http2.connect(`http://127.0.0.1:${port}`).on('error', () => {});
  await new Promise((resolve) => session.once('remoteSettings', resolve).once('close', resolve));
  const isOpen = (): boolean => !session.closed && !session.destroyed;
  const hasBegun = isOpen();
  while (isOpen() && !isOver()) {
    const stream = session.request(CONNECT, { endStream: false }).on('error', () => {});
    await nextTurn(); // it goes out
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await nextTurn();
  }
  session.destroy();
  return hasBegun;
}

const echo = { service: 'echo' } as const;
const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate\r\n';

export const FLOODS: readonly Flood[] = [
  {
    ...echo,
    name: 'pings from a peer that does not read',
    peers: 4,
    bound: CONNECTION,
    attack: onOpen(async (peer) => {
      peer.deafen();
      await peer.repeat(many(frame({ opcode: PING, payload: new Uint8Array(125) }), 500));
    }),
  },
  {
    ...echo,
    name: 'unsolicited pongs',
    peers: 4,
    bound: CONNECTION,
    attack: onOpen((peer) => peer.repeat(many(frame({ opcode: PONG, payload: new Uint8Array(125) }), 500))),
  },
  {
    ...echo,
    name: 'a peer that does not read its echoes, which are sent all the same',
    peers: 4,
    bound: SEND_LIMIT + 1,
    attack: unreadEchoes,
  },
  {
    name: 'a peer that does not read, and a handler that waits',
    service: 'waiting',
    peers: 16,
    bound: 17 * (64 / KIB) + 1,
    attack: unreadEchoes,
  },
  {
    name: 'a consumer that does not receive',
    service: 'deaf',
    peers: 4,
    bound: 2 * MESSAGE,
    attack: onOpen((peer) => peer.repeat(large)),
  },
  ...['', 'x'].map((payload): Flood => ({
    name: `messages of ${payload.length} bytes to a handler that awaits nothing, from a peer that does not read`,
    service: 'careless',
    peers: 4,
    bound: 2 * SEND_LIMIT + 1, // each counts 256 bytes; what the handler makes of its promise is not counted
    heap: 192,
    attack: onOpen(async (peer) => {
      peer.deafen();
      await peer.repeat(many(frame({ opcode: TEXT, payload }), 5000));
    }),
  })),
  {
    name: 'fragments of one byte before a stream that is not read',
    service: 'streaming',
    peers: 16,
    bound: CONNECTION + 1,
    attack: onOpen(async (peer) => {
      await peer.write(start);
      await peer.repeat(many(frame({ opcode: CONTINUATION, fin: false, payload: 'x' }), 5000));
    }),
  },
  {
    ...echo,
    name: 'data behind a Close frame',
    peers: 8,
    bound: CONNECTION,
    attack: onOpen(async (peer) => {
      await peer.write(frame({ opcode: CLOSE, payload: [3, 232] }));
      await peer.repeat(text);
    }),
  },
  {
    ...echo,
    name: 'heads without end',
    peers: 16,
    bound: CONNECTION,
    attack: onHead(async (peer) => {
      await peer.write('GET / HTTP/1.1\r\n');
      await peer.repeat('X-Field: of no use\r\n'.repeat(50));
    }),
  },
  {
    ...echo,
    name: 'heads of a byte now and then',
    peers: 500,
    bound: CONNECTION,
    attack: onHead(async (peer) => {
      for (const byte of 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: '.padEnd(4000, 'x')) {
        if (!(await peer.write(byte))) return;
        await peer.wait(100);
      }
    }),
  },
  {
    ...echo,
    name: 'requests that are refused',
    peers: 16,
    bound: CONNECTION,
    attack: onHead(async (peer) => {
      await peer.write('GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      await peer.stay();
    }),
  },
  {
    ...echo,
    name: 'field values made to be matched slowly',
    peers: 16,
    bound: CONNECTION,
    attack: async (port, isOver) => {
      const lists = [`a${' '.repeat(3000)}b`, 'a;b="'.repeat(500), `x; a="${'\\'.repeat(3000)}`, ', '.repeat(1500)];
      for (const list of lists) {
        const lines = `Sec-WebSocket-Protocol: ${list}\r\nSec-WebSocket-Extensions: ${list}\r\n`;
        (await Peer.open(port, isOver, lines))?.end();
      }
      return true;
    },
  },
  {
    ...echo,
    name: 'connections that say nothing',
    peers: 1000,
    bound: CONNECTION,
    attack: onHead((peer) => peer.stay()),
  },
  {
    ...echo,
    name: 'silent connections, more than the door has room for',
    peers: 6000,
    bound: CONNECTION,
    attack: onHead((peer) => peer.stay()),
  },
  {
    ...echo,
    name: 'open connections that say nothing',
    peers: 1000,
    bound: CONNECTION,
    attack: onOpen((peer) => peer.stay()),
  },
  {
    ...echo,
    name: 'announced messages of which a byte comes',
    peers: 1000,
    bound: CONNECTION,
    attack: onOpen(async (peer) => {
      await peer.write(header({ opcode: BINARY, length: 16 * MIB - 1, key: [0, 0, 0, 0] }));
      await peer.write(Uint8Array.of(1));
      await peer.stay();
    }),
  },
  {
    ...echo,
    name: 'empty fragments',
    peers: 4,
    bound: CONNECTION,
    attack: onOpen(async (peer) => {
      await peer.write(start);
      await peer.repeat(many(frame({ opcode: CONTINUATION, fin: false }), 5000));
    }),
  },
  {
    ...echo,
    name: 'fragments of one byte',
    peers: 4,
    bound: 3, // a million fragments, in memory that grows by doubling
    attack: onOpen(async (peer) => {
      await peer.write(start);
      await peer.repeat(many(frame({ opcode: CONTINUATION, fin: false, payload: 'x' }), 5000));
    }),
  },
  {
    ...echo,
    name: 'a message that never ends',
    peers: 4,
    bound: 3 * MESSAGE, // while it grows, the old memory and the new
    attack: onOpen(async (peer) => {
      await peer.write(frame({ opcode: BINARY, fin: false }));
      await peer.repeat(frame({ opcode: CONTINUATION, fin: false, payload: new Uint8Array(256 * KIB) }));
    }),
  },
  {
    ...echo,
    name: 'a message in reads of one byte',
    peers: 100,
    bound: CONNECTION,
    attack: onOpen(async (peer) => {
      await peer.write(header({ opcode: BINARY, length: 16 * MIB - 1, key: [0, 0, 0, 0] }));
      await peer.repeat(Uint8Array.of(1));
    }),
  },
  {
    name: 'messages and a Close frame of peers that are gone, with their answers unread',
    service: 'waiting',
    peers: 4,
    bound: 32,
    attack: onOpen(async (peer) => {
      peer.deafen();
      await peer.write(many(frame({ opcode: TEXT, payload: new Uint8Array(1000).fill(0x61) }), 250));
      await peer.write(frame({ opcode: CLOSE, payload: closePayload(4001) }));
      await peer.wait(5);
    }),
  },
  {
    name: 'WebSockets over HTTP/2 that are opened and aborted',
    service: 'http2',
    peers: 4,
    bound: 8,
    attack: abortStreams,
  },
  {
    name: 'compression bombs, a MiB that inflates to a GiB',
    service: 'compressed',
    peers: 2,
    bound: 2 * MESSAGE + 4,
    attack: onOpen(async (peer) => {
      const block = deflateRawSync(new Uint8Array(MIB), { finishFlush: constants.Z_FULL_FLUSH });
      await peer.write(frame({ opcode: BINARY, rsv1: true, payload: many(block, 1024) }));
      await peer.stay();
    }, DEFLATE),
  },
  {
    name: 'legal bombs, 16 KiB that inflate to just below the limit',
    service: 'compressed',
    peers: 4,
    bound: 3 * MESSAGE, // what is inflated, the message, and its echo
    attack: onOpen(async (peer) => {
      const zeros = deflateRawSync(new Uint8Array(MESSAGE * MIB), { finishFlush: constants.Z_SYNC_FLUSH });
      const bomb = frame({ opcode: BINARY, rsv1: true, payload: zeros.subarray(0, -4) });
      await peer.repeat(many(bomb, 40));
    }, DEFLATE),
  },
];

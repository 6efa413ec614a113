/** What a connection does where it has the choice: TEXT as bytes, pings left alone, Close frames that explain nothing. */
import { describe, expect, test } from 'vitest';
import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import { CONDUCT_OPTIONS, resolveConduct } from '../../protocol/conduct.ts';
import type { ProtocolError } from '../../protocol/errors.ts';
import { establishDeflate } from '../../protocol/permessage-deflate/established.ts';
import type { EndpointOptions } from '../support/endpoint.ts';
import { openEndpoint, outcomeOf, type Role, ROLES } from '../support/endpoint.ts';
import {
  BINARY,
  CLOSE,
  closePayload,
  CONTINUATION,
  type FrameSpec,
  header,
  KEY,
  PING,
  PONG,
  TEXT,
  utf8,
} from '../support/frames.ts';

const zlibCodec = createZlibCodec();

test('connections without a wish of their own share one conduct', () => {
  expect(resolveConduct({})).toBe(resolveConduct({ text: 'string', autoPong: true, explainFaults: true }));
  expect(resolveConduct({ text: 'bytes' })).toEqual({ textAsBytes: true, autoPong: true, explainFaults: true });
  expect(resolveConduct({})).toEqual({ textAsBytes: false, autoPong: true, explainFaults: true });
  const conduct = resolveConduct({ autoPong: false });
  expect(resolveConduct({ conduct, text: 'bytes' })).toBe(conduct);
});

test('what text may be is said by the table of options as well', () => {
  const { text } = CONDUCT_OPTIONS;
  expect(['string', 'bytes', '', 'buffer', undefined].map((value) => text.fits(value))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

test.each([
  [{ text: 'buffer' as 'bytes' }, "text must be 'string' or 'bytes'"],
  [{ autoPong: 1 as unknown as boolean }, 'autoPong must be a boolean'],
  [{ explainFaults: 'no' as unknown as boolean }, 'explainFaults must be a boolean'],
])('what is no such option throws: %j', (options, message) => {
  expect(() => resolveConduct(options)).toThrow(new TypeError(message));
});

describe.each(ROLES)('TEXT as bytes: %s', (role) => {
  const asBytes: EndpointOptions = { text: 'bytes' };
  const long = 'ü'.repeat(40);

  test('a message comes as the bytes that it was sent as, however it is cut', () => {
    const wire: FrameSpec[] = [
      { opcode: TEXT, payload: 'abc' },
      { opcode: TEXT, payload: long },
      { opcode: TEXT },
      { opcode: BINARY, payload: [0xff] },
    ];
    expect(outcomeOf(role, wire, asBytes)).toMatchObject({
      events: ['text bytes 616263', `text bytes ${'c3bc'.repeat(40)}`, 'text bytes ', 'binary ff'],
    });
  });

  test('its fragments may be cut within a code point', () => {
    const wire: FrameSpec[] = [
      { opcode: TEXT, payload: [0x61, 0xc3], fin: false },
      { opcode: CONTINUATION, payload: [0xbc] },
    ];
    expect(outcomeOf(role, wire, asBytes)).toMatchObject({ events: ['text bytes 61c3bc'] });
  });

  test('bytes that are not UTF-8 fail the connection with 1007, however they are cut', () => {
    for (const payload of [[0xff], [0x61, 0xc3]]) {
      const outcome = outcomeOf(role, [{ opcode: TEXT, payload }], asBytes);
      expect(outcome).toMatchObject({ events: [], sent: ['CLOSE 1007 "text that is not UTF-8"'] });
    }
  });

  test('a message that is streamed comes in bytes', () => {
    const endpoint = openEndpoint(role, asBytes);
    endpoint.connection.streamNext();
    for (const byte of endpoint.peer({ opcode: TEXT, payload: 'aü' })) endpoint.receive(Uint8Array.of(byte));
    expect(endpoint.events()).toEqual(['start of text', 'chunk 61', 'chunk c3', 'chunk bc', 'end']);
  });

  test('a compressed message is checked too', () => {
    for (const [payload, events, sent] of [
      [utf8(long), [`text bytes ${'c3bc'.repeat(40)}`], []],
      [Uint8Array.of(0xff), [], ['CLOSE 1007 "text that is not UTF-8"']],
    ] as const) {
      const peer = compressing(role === 'server' ? 'client' : 'server');
      const deflated = peer.compress(payload, true).slice();
      const options = {
        ...asBytes,
        get deflate() {
          return compressing(role);
        },
      };
      const outcome = outcomeOf(role, [{ opcode: TEXT, rsv1: true, payload: deflated }], options);
      expect(outcome).toMatchObject({ events, sent });
    }
  });
});

function compressing(role: Role) {
  return establishDeflate(role, 'permessage-deflate', { threshold: 0 }, zlibCodec)!;
}

describe.each(ROLES)('pings: %s', (role) => {
  test('without autoPong a ping is told, and not answered', () => {
    const outcome = outcomeOf(role, [{ opcode: PING, payload: 'a' }], { autoPong: false });
    expect(outcome).toMatchObject({ events: ['ping 61'], sent: [] });
  });
});

describe.each(ROLES)('faults: %s', (role) => {
  /** What `onFault` was told, and what the Close frame was. */
  function fault(wire: readonly (FrameSpec | Uint8Array)[], options: EndpointOptions = {}) {
    const faults: ProtocolError[] = [];
    const endpoint = openEndpoint(role, { ...options, on: () => ({ onFault: (error) => void faults.push(error) }) });
    endpoint.receive(...wire.map((one) => (one instanceof Uint8Array ? one : endpoint.peer(one))));
    const sent = endpoint.sent();
    endpoint.receiveEof();
    expect(faults).toHaveLength(1);
    expect(endpoint.closed!.error).toBe(faults[0]);
    const [{ name, cause }] = faults;
    return { ...faults[0], name, cause, sent };
  }

  const unmasked = { opcode: TEXT, key: role === 'server' ? undefined : KEY };
  const huge = header({ opcode: BINARY, lengthForm: 64, length: 2n ** 60n, key: role === 'server' ? KEY : undefined });
  const top = header({ opcode: BINARY, lengthForm: 64, length: 2n ** 63n, key: role === 'server' ? KEY : undefined });

  test.each<[kind: string, found: number | undefined, wire: readonly (FrameSpec | Uint8Array)[], EndpointOptions?]>([
    ['rsv1', undefined, [{ opcode: TEXT, rsv1: true }]],
    ['rsv2-rsv3', undefined, [{ opcode: TEXT, rsv2: true }]],
    ['rsv2-rsv3', undefined, [{ opcode: TEXT, rsv3: true }]],
    ['opcode', 5, [{ opcode: 5 }]],
    ['opcode', 0, [{ opcode: CONTINUATION }]],
    ['opcode', 2, [{ opcode: TEXT, fin: false }, { opcode: BINARY }]],
    ['fin', undefined, [{ opcode: PING, fin: false }]],
    ['control-length', 126, [{ opcode: PING, payload: new Uint8Array(126) }]],
    ['control-length', 1, [{ opcode: CLOSE, payload: [3] }]],
    [role === 'server' ? 'mask-missing' : 'mask', undefined, [unmasked]],
    ['length-form', undefined, [{ opcode: TEXT, payload: 'a', lengthForm: 16 }]],
    ['length', undefined, [huge]],
    ['length', undefined, [top]],
    ['message-size', 3, [{ opcode: TEXT, payload: 'abc' }], { maxMessageSize: 2 }],
    [
      'fragments',
      undefined,
      [
        { opcode: TEXT, payload: 'a', fin: false },
        { opcode: CONTINUATION, payload: 'b' },
      ],
      { maxFragments: 1 },
    ],
    ['utf8', undefined, [{ opcode: TEXT, payload: [0xff] }]],
    ['utf8', undefined, [{ opcode: CLOSE, payload: closePayload(1000, Uint8Array.of(0xff)) }]],
    ['close-code', 1005, [{ opcode: CLOSE, payload: closePayload(1005) }]],
  ])('%s is told when it is found (%s)', (kind, found, wire, options) => {
    expect(fault(wire, options)).toMatchObject({ name: 'ProtocolError', kind, found });
  });

  test('rsv1 on a frame that does not begin a message is one too', () => {
    const deflate = compressing(role);
    expect(fault([{ opcode: PONG, rsv1: true }], { deflate })).toMatchObject({ kind: 'rsv1' });
  });

  test('what does not inflate has the codec’s own error as its cause', () => {
    const wire = [{ opcode: TEXT, rsv1: true, payload: [0x07] }];
    const told = fault(wire, { deflate: compressing(role) });
    expect(told).toMatchObject({ kind: 'inflate', code: 1007, cause: { code: 'Z_DATA_ERROR' } });
  });

  test('without explainFaults the Close frame has no reason, and the error has', () => {
    const told = fault([{ opcode: 5 }], { explainFaults: false });
    expect(told).toMatchObject({ sent: ['CLOSE 1002 ""'], reason: 'a reserved opcode' });
  });

  test('what the sink throws when it is told, of a text or of a fault, comes out of the call, and changes nothing', () => {
    const thrown = () => {
      throw new RangeError('on purpose');
    };
    const sink = { onTextBytes: thrown, onFault: thrown };
    const endpoint = openEndpoint(role, { text: 'bytes', on: () => sink });
    expect(() => endpoint.receive(endpoint.peer({ opcode: TEXT, payload: 'a' }))).toThrow('on purpose');
    expect(() => endpoint.receive(endpoint.peer({ opcode: 5 }))).toThrow('on purpose');
    expect(endpoint.sent()).toEqual(['CLOSE 1002 "a reserved opcode"']);
  });
});

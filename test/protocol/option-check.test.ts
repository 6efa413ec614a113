import { afterEach, describe, expect, test } from 'vitest';
import { Connection } from '../../protocol/connection.ts';
import {
  BOOLEAN,
  booleanOr,
  checkOptions,
  FUNCTION,
  LIMIT,
  nameOf,
  NUMBER,
  OBJECT,
  oneOf,
  ORIGINS,
  PATHS,
  PORT,
  SIGNAL,
  STRING,
  STRING_OR_URL,
  STRINGS,
  always,
} from '../../protocol/option-check.ts';

const TABLE = {
  maxMessageSize: LIMIT,
  pingInterval: LIMIT,
  subprotocols: STRINGS,
  compress: booleanOr({ level: NUMBER }),
  origin: STRING,
};

/** What checking these options throws. */
function fault(options: unknown, table: object = TABLE): string {
  try {
    checkOptions('open', table as never, options as never);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('an option that is none', () => {
  test.each([
    ['pingIntervall', 'did you mean pingInterval?'],
    ['pingInterva', 'did you mean pingInterval?'],
    ['pnigInterval', 'did you mean pingInterval?'],
    ['ping_interval', 'it is called pingInterval here'],
    ['max-message-size', 'did you mean maxMessageSize?'],
    ['subProtocols', 'did you mean subprotocols?'],
    ['maxPayload', 'it is called maxMessageSize here'],
    ['perMessageDeflate', 'it is called compress here'],
    ['noServer', 'use upgrade(request, socket, head, options) for one request, or attach(server, options, handler)'],
    ['authorize', 'it is an option of a server that listens'],
    ['foo', 'there are compress, maxMessageSize, origin, pingInterval, subprotocols'],
    // Its counterpart is not among these.
    ['followRedirects', 'there are compress, maxMessageSize, origin, pingInterval, subprotocols'],
  ])('%s is a TypeError that names the one that is meant', (name, meant) => {
    expect(fault({ [name]: 1 })).toBe(`open: unknown option ${name}: ${meant}`);
    expect(fault({ [name]: undefined })).toBe(`open: unknown option ${name}: ${meant}`);
  });

  test('what belongs to tls is said to', () => {
    expect(fault({ ca: '' }, { tls: OBJECT })).toBe('open: unknown option ca: it belongs into tls: { ca: … } here');
  });

  test('inside of another is named with it', () => {
    expect(fault({ compress: { levels: 3 } })).toBe('open: compress: unknown option levels: did you mean level?');
  });
});

describe('an option that is something else', () => {
  test.each([
    ['a number or false', LIMIT, [0, 1, Infinity, false], ['1', true, null, {}]],
    ['a number', NUMBER, [0, false], ['1', true]],
    ['a number', always(NUMBER), [0], [false]],
    ['a string', STRING, ['', false], [1, true]],
    ['a boolean', BOOLEAN, [true, false], [1, 'yes']],
    ['a function', FUNCTION, [() => 1, false], [{}, true]],
    ['an object', OBJECT, [{}, [], false], [null, 'x', true]],
    ['a list of strings', STRINGS, [[], ['a'], false], ['a', [1], true]],
    ['a string or a URL', STRING_OR_URL, ['x', new URL('ws://x/'), false], [1, {}, null, true]],
    ['a number from 0 to 65535', PORT, [0, 8080, '8080'], ['http', '', '80a', 'a80', [80], false, true]],
    ['an AbortSignal', SIGNAL, [new AbortController().signal, false], [new AbortController(), {}, null, true]],
    ['a path, a list of paths or a function', PATHS, ['/', ['/a'], () => true, false], [1, [1], true]],
    ["a list of origins, a function, or '*' for all", ORIGINS, ['*', [], () => true], ['https://x', false, true]],
    ["'a', 'b' or 'c'", oneOf('a', 'b', 'c'), ['a', 'c'], ['d', false]],
    ['a boolean or an object of options', booleanOr({}), [true, false, {}], [1, 'yes', null]],
  ])('%s', (expected, kind, right, wrong) => {
    for (const value of right) checkOptions('open', { one: kind }, { one: value });
    for (const value of wrong) {
      expect(fault({ one: value }, { one: kind })).toBe(`open: one must be ${expected}, not ${nameOf(value)}`);
    }
  });

  test('is named by what it is, never by what it says', () => {
    const values = [null, undefined, true, 5, 'secret', () => 1, Symbol('secret'), ['secret'], { secret: 1 }];
    const names = ['null', 'undefined', 'true', 'the number 5', 'a string', 'a function', 'a symbol', 'an array'];
    expect(values.map(nameOf)).toEqual([...names, 'an object']);
    const listed = (function (..._: number[]) {
      return arguments;
    })(1);
    expect(nameOf(listed)).toBe('an object');
    expect([Promise.resolve(), new Map(), new Date(0)].map(nameOf)).toEqual(['a Promise', 'a Map', 'a Date']);
  });

  test.each([
    ['text', 'a string'],
    [null, 'null'],
    [['chat'], 'an array'],
    [() => {}, 'a function'],
  ])('%s is no options at all', (options, name) => {
    expect(fault(options)).toBe(`open: the options must be an object, not ${name}`);
  });
});

describe('checked options', () => {
  test('have each option as their own, undefined where it was not given', () => {
    const checked = checkOptions('open', TABLE, { origin: 'x', pingInterval: undefined });
    const none = { compress: undefined, maxMessageSize: undefined, pingInterval: undefined, subprotocols: undefined };
    expect({ ...checked }).toStrictEqual({ ...none, origin: 'x' });
    expect(Object.keys(checkOptions('open', TABLE, undefined))).toEqual(Object.keys(TABLE));
  });

  test('are turned off by false, where that is no value of theirs', () => {
    const checked = checkOptions('open', TABLE, { origin: false, pingInterval: false, compress: false } as object);
    expect({ ...checked }).toMatchObject({ origin: undefined, pingInterval: false, compress: false });
  });

  test('are not checked again', () => {
    const checked = checkOptions('open', TABLE, { origin: 'x' });
    expect(checkOptions('connect', { other: NUMBER }, checked as object)).toBe(checked);
  });

  test('may come of an object without a prototype, or of a class', () => {
    class Settings {
      origin = 'x';
    }
    for (const options of [Object.assign(Object.create(null), { origin: 'x' }), new Settings()]) {
      expect(checkOptions('open', TABLE, options as object)).toMatchObject({ origin: 'x' });
    }
  });
});

describe('a polluted Object.prototype', () => {
  const prototype = Object.prototype as Record<string, unknown>;
  afterEach(() => {
    for (const name of ['origin', 'headers', 'maxMessageSize', 'codec']) delete prototype[name];
  });

  test('has no say in options', () => {
    prototype.origin = 'https://evil.example';
    const checked = checkOptions('open', TABLE, {}) as { origin?: string };
    expect(checked.origin).toBeUndefined();
    expect({ ...checked }.origin).toBeUndefined();
  });

  test('nor in what a client sends', () => {
    prototype.origin = 'https://evil.example';
    prototype.headers = { Evil: '1' };
    const client = Connection.client({ url: 'ws://server/' }, { now: 0, sink: {} });
    expect(String.fromCharCode(...client.takeOutput()[0]!)).not.toMatch(/evil/i);
  });
});

describe('a Connection', () => {
  test.each([
    ['server', () => Connection.server({ now: 0, sink: {}, maxPayload: 1 } as never)],
    ['client', () => Connection.client({ url: 'ws://x/' }, { now: 0, sink: {}, maxPayload: 1 } as never)],
    ['established', () => Connection.established('client', { now: 0, sink: {}, maxPayload: 1 } as never)],
  ])('%s checks its options', (of, make) => {
    expect(make).toThrow(`Connection.${of}: unknown option maxPayload: it is called maxMessageSize here`);
  });

  test('client checks its request', () => {
    const make = () => Connection.client({ url: 'ws://x/', protocols: ['a'] } as never, { now: 0, sink: {} });
    expect(make).toThrow('Connection.client: unknown option protocols: it is called subprotocols here');
  });
});

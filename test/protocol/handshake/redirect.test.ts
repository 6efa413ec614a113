import { describe, expect, test } from 'vitest';
import { ClientHandshake } from '../../../protocol/handshake/client.ts';
import type { ClientRequest } from '../../../protocol/handshake/client.ts';
import { DONE, FAILED } from '../../../protocol/handshake/state.ts';
import { Connection } from '../../../protocol/index.ts';
import { bytes, cuts, response, text } from './support.ts';

type Options = Partial<ClientRequest> & { url?: string };

let keys = 0;
function random(nonce: Uint8Array): void {
  nonce.fill(++keys);
}

function connect({ url = 'ws://a.example/dir/chat?q', ...rest }: Options = {}): ClientHandshake {
  return new ClientHandshake({ maxRedirects: 10, ...rest, url }, random);
}

function redirected(location: string, options?: Options, status = 302): ClientHandshake {
  const handshake = connect(options);
  const wire = bytes(`HTTP/1.1 ${status} Elsewhere\r\nLocation: ${location}\r\nContent-Length: 9\r\n\r\n`);
  handshake.receive(wire, 0, wire.length);
  return handshake;
}

/** The request that is made next, on the wire. */
function next(location: string, options?: Options): string {
  const { redirect } = redirected(location, options);
  return text(new ClientHandshake(redirect!, random).output);
}

describe('a redirect that may be followed', () => {
  test.each([301, 302, 303, 307, 308])('is a %i', (status) => {
    const handshake = redirected('/x', {}, status);
    expect(handshake.state).toBe(FAILED);
    expect(handshake.error!.response).toMatchObject({ status, headers: { location: '/x' } });
    expect(handshake.redirect).toMatchObject({ url: 'ws://a.example/x', redirected: 1, maxRedirects: 10 });
  });

  test.each([300, 304, 305, 306, 200, 404])('is not a %i', (status) => {
    const handshake = redirected('/x', {}, status);
    handshake.receiveEof();
    expect(handshake.redirect).toBeUndefined();
    expect(handshake.error!.message).toBe(`the server answered with status ${status} instead of 101`);
  });

  test('is told without waiting for its body, however it is cut', () => {
    for (const chunks of cuts(bytes('HTTP/1.1 302 x\r\nLocation: /x\r\nContent-Length: 99\r\n\r\n'))) {
      const handshake = connect();
      for (const chunk of chunks) handshake.receive(chunk, 0, chunk.length);
      expect(handshake.redirect).toMatchObject({ url: 'ws://a.example/x' });
    }
  });

  test.each([
    ['ws://b.example:81/x', 'ws://b.example:81/x'],
    ['http://b.example/x', 'ws://b.example/x'],
    ['WSS://B.example', 'wss://b.example/'],
    ['https://b.example:443/x', 'wss://b.example/x'],
    ['//b.example/x', 'ws://b.example/x'],
    ['//b.example?y', 'ws://b.example/?y'],
    ['/x/y?z', 'ws://a.example/x/y?z'],
    ['x', 'ws://a.example/dir/x'],
    ['./x/./y', 'ws://a.example/dir/x/y'],
    ['../x', 'ws://a.example/x'],
    ['../../../x', 'ws://a.example/x'],
    ['..', 'ws://a.example/'],
    ['/a/b/../c/.', 'ws://a.example/a/c/'],
    ['.', 'ws://a.example/dir/'],
    ['?z', 'ws://a.example/dir/chat?z'],
    ['', 'ws://a.example/dir/chat?q'],
    ['#there', 'ws://a.example/dir/chat?q'],
    ['/x#there', 'ws://a.example/x'],
    ['/\xc3\xa9', 'ws://a.example/%C3%A9'],
    ['x:/y', undefined],
  ])('leads with the Location %j to %j', (location, url) => {
    expect(redirected(location).redirect).toEqual(url && expect.objectContaining({ url }));
  });

  test('leads from a URL without path and query to itself', () => {
    expect(redirected('', { url: 'ws://a.example' }).redirect).toMatchObject({ url: 'ws://a.example/' });
  });

  test('keeps the subprotocols, the origin and other fields, and has a fresh key', () => {
    const options = { origin: 'http://c.example', subprotocols: ['p'], headers: { 'X-Mine': ['1', '2'] } };
    const first = text(connect(options).output);
    const second = next('http://b.example/x', options);
    expect(second).toContain('GET /x HTTP/1.1\r\nHost: b.example\r\n');
    expect(second).toContain('\r\nOrigin: http://c.example\r\nSec-WebSocket-Protocol: p\r\n');
    expect(second).toContain('\r\nX-Mine: 1\r\nX-Mine: 2\r\n');
    expect(second.match(/Key: (.*)/)![1]).not.toBe(first.match(/Key: (.*)/)![1]);
  });
});

describe('credentials', () => {
  const headers = {
    Authorization: 'Bearer secret',
    cookie: 'secret=1',
    'PROXY-Authorization': 'secret',
    Host: 'secret.example',
    Origin: 'http://c.example',
  };

  test.each(['/x', 'http://a.example:80/x', 'ws://A.EXAMPLE/x'])('go on to the same origin: %s', (location) => {
    const request = next(location, { headers });
    expect(request).toContain('\r\nHost: secret.example\r\n');
    expect(request).toContain(
      '\r\nAuthorization: Bearer secret\r\ncookie: secret=1\r\nPROXY-Authorization: secret\r\n',
    );
    expect(next(location, { url: 'ws://u:p@a.example/' })).toContain('\r\nAuthorization: Basic dTpw\r\n');
  });

  test.each(['ws://b.example/', 'ws://a.example:81/', 'wss://a.example/', 'ws://a.example.evil/', '//sub.a.example'])(
    'never go to another: %s',
    (location) => {
      const request = next(location, { headers });
      expect(request).not.toMatch(/secret/);
      expect(request).toContain('\r\nOrigin: http://c.example\r\n');
      expect(next(location, { url: 'ws://user:pass@a.example/' })).not.toMatch(/Authorization|user|pass/i);
    },
  );

  test('do not come back with a second redirect', () => {
    const { redirect } = redirected('ws://b.example/', { url: 'ws://u:p@a.example/', headers: { Cookie: 'secret' } });
    const back = redirected('ws://a.example/', redirect as Options);
    expect(text(new ClientHandshake(back.redirect!, random).output)).not.toMatch(/Cookie|Authorization/i);
  });
});

describe('a redirect that is not followed', () => {
  test.each<[string, string, string, Options?]>([
    ['from wss to ws', 'ws://a.example/', 'it leads from wss to ws', { url: 'wss://a.example/' }],
    ['from wss to http', 'http://a.example/', 'it leads from wss to ws', { url: 'wss://a.example/' }],
    ['after as many as are allowed', '/', 'there were 2 redirects before it', { maxRedirects: 2, redirected: 2 }],
    ['to user info', 'ws://u:p@b.example/', 'its Location has user info'],
    ['to another origin, where that is not reached', '//b.example', 'it leads to another origin', { sameOrigin: true }],
    ['to another scheme', 'file:///etc/passwd', 'its Location is no URL of a WebSocket'],
    ['to a scheme alone', 'ws:x', 'its Location is no URL of a WebSocket'],
    ['to white space', '/ x', 'its Location is no URL of a WebSocket'],
    ['to a bad host', 'ws://[::1/', 'its Location is no URL of a WebSocket'],
    ['to a host that is no ASCII', 'ws://b\xfc.example/', 'its Location is no URL of a WebSocket'],
  ])('%s says why', (_, location, why, options) => {
    const handshake = redirected(location, options);
    handshake.receiveEof();
    expect(handshake).toMatchObject({ state: FAILED, redirect: undefined });
    expect(handshake.error!.message).toBe(
      `the server answered with status 302 instead of 101; the redirect is not followed, for ${why}`,
    );
    expect(handshake.error!.response!.status).toBe(302);
  });

  test.each<[string, string]>([
    ['without Location', ''],
    ['with two', 'Location: /x\r\nLocation: /y\r\n'],
  ])('%s is an answer like any other', (_, fields) => {
    const handshake = connect();
    const wire = bytes(`HTTP/1.1 302 x\r\n${fields}Content-Length: 0\r\n\r\n`);
    handshake.receive(wire, 0, wire.length);
    expect(handshake).toMatchObject({ state: FAILED, redirect: undefined });
  });

  test('by default, nor without a URL', () => {
    expect(redirected('/x', { maxRedirects: 0 }).redirect).toBeUndefined();
    const handshake = new ClientHandshake({ host: 'a', path: '/', maxRedirects: 1 }, random);
    const wire = bytes('HTTP/1.1 302 x\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n');
    handshake.receive(wire, 0, wire.length);
    expect(handshake).toMatchObject({ state: FAILED, redirect: undefined });
  });
});

test.each([-1, 11, 1.5, NaN, '1' as never])('maxRedirects may not be %j', (maxRedirects) => {
  expect(() => connect({ maxRedirects })).toThrow(RangeError);
});

test('a connection tells it once it has ended', () => {
  const connection = Connection.client({ url: 'ws://a.example/', maxRedirects: 1 }, { now: 0, sink: {} });
  expect(connection.redirect).toBeUndefined();
  connection.receive(bytes('HTTP/1.1 302 x\r\nLocation: /x\r\n\r\n'), 0);
  expect(connection.closeInfo!.error!.message).toMatch('302');
  expect(connection.redirect).toMatchObject({ url: 'ws://a.example/x' });
  expect(Connection.server({ now: 0, sink: {} }).redirect).toBeUndefined();
});

test('a 101 leads nowhere, with or without a Location', () => {
  const handshake = new ClientHandshake({ url: 'ws://example.com/', maxRedirects: 1 }, (nonce) =>
    nonce.set(bytes('the sample nonce')),
  );
  const wire = bytes(response({ Location: '/x' }));
  handshake.receive(wire, 0, wire.length);
  expect(handshake).toMatchObject({ state: DONE, redirect: undefined });
});

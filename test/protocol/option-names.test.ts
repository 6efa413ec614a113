import { describe, expect, test } from 'vitest';
import { whatIsMeant } from '../../protocol/option-names.ts';

describe('an option that has another name elsewhere', () => {
  test.each([
    ['allowedOrigins', ['allowOrigin', 'allowedOrigin', 'origins', 'verifyOrigin']],
    ['attempts', ['retries']],
    ['authorize', ['verifyClient']],
    ['closeTimeout', ['closeTimeoutMs']],
    ['compress', ['compression', 'deflate', 'perMessageDeflate', 'permessageDeflate']],
    ['compress', ['zlibDeflateOptions', 'zlibInflateOptions']],
    ['handshakeTimeout', ['deadline', 'timeout']],
    ['headers', ['finishRequest']],
    ['host', ['address', 'hostname']],
    ['idleTimeout', ['timeout']],
    ['level', ['zlibDeflateOptions']],
    ['maxConnections', ['concurrency']],
    ['maxFragments', ['maxBufferedChunks']],
    ['maxMessageSize', ['maxPayload', 'maxPayloadLength', 'maxPayloadSize', 'max_size']],
    ['maxRedirects', ['followRedirects']],
    ['origin', ['origins']],
    ['pingInterval', ['heartbeat', 'heartbeatInterval', 'idleTimeout', 'keepAlive', 'keepalive', 'ping_interval']],
    ['pongTimeout', ['ping_timeout', 'pingTimeout']],
    ['selectSubprotocol', ['handleProtocols']],
    ['sendHighWater', ['backpressure', 'highWaterMark']],
    ['sendLimit', ['maxBackpressure']],
    ['serverNoContextTakeover', ['serverNoContextTakeOver']],
    ['slow', ['backpressure']],
    ['slowTimeout', ['timeout']],
    ['socketPath', ['unix']],
    ['subprotocols', ['protocol', 'protocols']],
    ['timeout', ['deadline']],
  ])('%s is meant by %j', (option, names) => {
    for (const name of names) expect(whatIsMeant(name, ['x', option])).toBe(`it is called ${option} here`);
  });

  test.each(['ca', 'cert', 'key', 'passphrase', 'pfx', 'rejectUnauthorized', 'servername'])('tls has %s', (name) => {
    expect(whatIsMeant(name, ['tls'])).toBe(`it belongs into tls: { ${name}: … } here`);
  });

  test.each([
    ['backpressure', ['sendHighWater', 'slow']],
    ['deadline', ['timeout', 'handshakeTimeout']],
    ['origins', ['allowedOrigins', 'origin']],
    ['timeout', ['handshakeTimeout', 'slowTimeout', 'idleTimeout']],
    ['zlibDeflateOptions', ['level', 'compress']],
  ])('of several that %s may mean the likeliest is told: the first of %j', (name, options) => {
    expect(whatIsMeant(name, [...options].reverse())).toBe(`it is called ${options[0]} here`);
  });
});

describe('an option that has no counterpart', () => {
  test.each([
    ['allowSynchronousEvents', 'there is no need for it here; leave it out'],
    ['auth', 'put user:password@ into the URL, or an Authorization into headers'],
    ['autoPong', 'pings are answered by themselves'],
    ['clientTracking', "a server's connections are in server.connections, always; leave it out"],
    ['close', 'handlers are an argument of their own, after the options'],
    ['concurrencyLimit', 'messages are compressed at once here; see asyncAbove among the options of compress'],
    ['generateMask', 'masking keys are made of random numbers here, always; leave it out'],
    ['limits', 'each limit is an option of its own: maxMessageSize, closeTimeout and others'],
    ['message', 'handlers are an argument of their own, after the options'],
    ['noServer', 'use upgrade(request, socket, head, options) for one request, or attach(server, options, handler)'],
    ['onclose', 'await ws.closed for the end of a connection'],
    ['onmessage', 'messages are received with ws.receive(), or for await'],
    ['open', 'handlers are an argument of their own, after the options'],
    ['protocolVersion', 'there is one version, 13; leave it out'],
    ['server', 'use attach(server, options, handler)'],
    ['skipUTF8Validation', 'text is checked always, as RFC 6455 §8.1 asks; leave it out'],
    ['WebSocket', 'connections are of one class here; leave it out'],
  ])('%s: it is said what does its work', (name, remedy) => {
    expect(whatIsMeant(name, ['x'])).toBe(remedy);
  });
});

describe('an option of something else', () => {
  test.each([
    ['of a client', ['origin', 'requireSubprotocol', 'signal']],
    ['of a client, over sockets', ['agent', 'createConnection', 'http2Session', 'maxRedirects', 'proxy', 'proxyTls']],
    ['of a client and of listen, over sockets', ['http2', 'socketPath', 'tls']],
    ['of a server that listens', ['allowedOrigins', 'authorize', 'maxConnections', 'maxHandshakes', 'onRefused']],
    ['of a server that listens', ['onRequest', 'selectSubprotocol']],
    ['of listen', ['backlog', 'host', 'port']],
    ['of listen and attach; a client has it in the URL', ['path']],
    [
      'of open.reconnecting',
      ['attempts', 'baseDelay', 'isFatal', 'maxDelay', 'maxRetryAfter', 'onState', 'stableAfter'],
    ],
    ['of the promise API', ['receiveQueue']],
    ['of the promise API; the event face has the handler error', ['onError']],
    ['of compress: compress: { threshold: … }', ['threshold']],
    ['of compress: compress: { clientMaxWindowBits: … }', ['clientMaxWindowBits']],
    ['of compress: compress: { clientNoContextTakeover: … }', ['clientNoContextTakeover']],
    ['of compress: compress: { serverMaxWindowBits: … }', ['serverMaxWindowBits']],
    ['of compress: compress: { serverNoContextTakeover: … }', ['serverNoContextTakeover']],
  ])('is told to be %s: %j', (home, names) => {
    for (const name of names) expect(whatIsMeant(name, ['x'])).toBe(`it is an option ${home}`);
  });

  test('is named only where nothing that is close to it exists', () => {
    expect(whatIsMeant('port', ['post', 'x'])).toBe('did you mean post?');
  });
});

describe('a typing error', () => {
  const told = (name: string, ...options: string[]): string | undefined =>
    /^did you mean (\w+)\?$/.exec(whatIsMeant(name, options))?.[1];

  test.each([
    ['a letter left out', 'colr', 'color'],
    ['a letter too many', 'colour', 'color'],
    ['a letter too many at the beginning', 'xcolor', 'color'],
    ['another letter', 'colar', 'color'],
    ['two letters that have changed places', 'cloor', 'color'],
    ['the first two', 'ocor', 'coor'],
    ['the last two', 'colro', 'color'],
    ['the case alone', 'COLOR', 'color'],
    ['hyphens and underscores, however many', '--co_lor_', 'color'],
    ['two in a name of eight letters', 'bakcgrond', 'background'],
  ])('%s', (_, name, option) => {
    expect(told(name, 'x', option, 'y')).toBe(option);
  });

  test('of one letter in seven is forgiven, of two only from eight on', () => {
    expect(told('abcdefg', 'abcdefX')).toBe('abcdefX');
    expect(told('abcdefg', 'abcdeXX')).toBeUndefined();
    expect(told('abcdefgh', 'abcdefXX')).toBe('abcdefXX');
    expect(told('abcdefgh', 'abcdeXXX')).toBeUndefined();
    expect(told('abcdefgh', 'abcdefghXXX')).toBeUndefined();
    expect(told('abc', 'abX')).toBe('abX');
    expect(told('abc', 'aXX')).toBeUndefined();
  });

  test('letters that have changed places over another are two', () => {
    expect(told('abc', 'cba')).toBeUndefined();
  });

  test('of those that are close the closest is meant, and of equals the first', () => {
    expect(told('abcdefgh', 'abcdefXX', 'abcdefgX', 'abcdefXh')).toBe('abcdefgX');
    expect(told('abc', 'abd', 'abe')).toBe('abd');
  });

  test('where there is none, all that there are, in order', () => {
    expect(whatIsMeant('nonsense', ['beta', 'alpha'])).toBe('there are alpha, beta');
    const options = ['beta', 'alpha'];
    whatIsMeant('nonsense', options);
    expect(options).toEqual(['beta', 'alpha']);
  });
});

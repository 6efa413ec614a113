/** What other libraries, `ws` above all, call an option, and what it is called here. The first that a function has is meant. */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['address', ['host']],
  ['allowOrigin', ['allowedOrigins']],
  ['allowedOrigin', ['allowedOrigins']],
  ['backpressure', ['sendHighWater', 'slow']],
  ['ca', ['tls']],
  ['cert', ['tls']],
  ['closeTimeoutMs', ['closeTimeout']],
  ['compression', ['compress']],
  ['concurrency', ['maxConnections']],
  ['deadline', ['timeout', 'handshakeTimeout']],
  ['deflate', ['compress']],
  ['finishRequest', ['headers']],
  ['followRedirects', ['maxRedirects']],
  ['handleProtocols', ['selectSubprotocol']],
  ['heartbeat', ['pingInterval']],
  ['heartbeatInterval', ['pingInterval']],
  ['highWaterMark', ['sendHighWater']],
  ['hostname', ['host']],
  ['idleTimeout', ['pingInterval']],
  ['keepAlive', ['pingInterval']],
  ['keepalive', ['pingInterval']],
  ['key', ['tls']],
  ['maxBackpressure', ['sendLimit']],
  ['maxBufferedChunks', ['maxFragments']],
  ['maxPayload', ['maxMessageSize']],
  ['maxPayloadLength', ['maxMessageSize']],
  ['maxPayloadSize', ['maxMessageSize']],
  ['max_size', ['maxMessageSize']],
  ['origins', ['allowedOrigins', 'origin']],
  ['passphrase', ['tls']],
  ['perMessageDeflate', ['compress']],
  ['permessageDeflate', ['compress']],
  ['pfx', ['tls']],
  ['ping_interval', ['pingInterval']],
  ['ping_timeout', ['pongTimeout']],
  ['pingTimeout', ['pongTimeout']],
  ['protocol', ['subprotocols']],
  ['protocols', ['subprotocols']],
  ['rejectUnauthorized', ['tls']],
  ['retries', ['attempts']],
  ['servername', ['tls']],
  ['serverNoContextTakeOver', ['serverNoContextTakeover']],
  ['timeout', ['handshakeTimeout', 'slowTimeout', 'idleTimeout']],
  ['unix', ['socketPath']],
  ['verifyClient', ['authorize']],
  ['verifyOrigin', ['allowedOrigins']],
  ['zlibDeflateOptions', ['level', 'compress']],
  ['zlibInflateOptions', ['compress']],
]);

/** Those that have no counterpart, with what does their work here. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
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
]);

/** Options that one side alone has, or one way to a server. */
const OPTIONS_OF: ReadonlyMap<string, string> = new Map([
  ...['origin', 'requireSubprotocol', 'signal'].map((name): [string, string] => [name, 'of a client']),
  ...['agent', 'createConnection', 'http2Session', 'maxRedirects', 'proxy', 'proxyTls'].map(
    (name): [string, string] => [name, 'of a client, over sockets'],
  ),
  ...['http2', 'socketPath', 'tls'].map((name): [string, string] => [name, 'of a client and of listen, over sockets']),
  ...[
    'allowedOrigins',
    'authorize',
    'maxConnections',
    'maxHandshakes',
    'onRefused',
    'onRequest',
    'selectSubprotocol',
  ].map((name): [string, string] => [name, 'of a server that listens']),
  ...['backlog', 'host', 'port'].map((name): [string, string] => [name, 'of listen']),
  ['path', 'of listen and attach; a client has it in the URL'],
  ...['attempts', 'baseDelay', 'isFatal', 'maxDelay', 'maxRetryAfter', 'onState', 'stableAfter'].map(
    (name): [string, string] => [name, 'of open.reconnecting'],
  ),
  ['receiveQueue', 'of the promise API'],
  ['onError', 'of the promise API; the event face has the handler error'],
  ['threshold', 'of compress: compress: { threshold: … }'],
  ...['clientMaxWindowBits', 'clientNoContextTakeover', 'serverMaxWindowBits', 'serverNoContextTakeover'].map(
    (name): [string, string] => [name, `of compress: compress: { ${name}: … }`],
  ),
]);

/** What somebody will have meant by an option that is none of these, as the end of a sentence. */
export function whatIsMeant(name: string, options: readonly string[]): string {
  const here = OTHER_NAMES.get(name)?.find((one) => options.includes(one));
  if (here !== undefined)
    return here === 'tls' ? `it belongs into tls: { ${name}: … } here` : `it is called ${here} here`;
  const remedy = REMEDIES.get(name);
  if (remedy !== undefined) return remedy;
  const home = OPTIONS_OF.get(name);
  const nearest = nearestTo(name, options);
  if (nearest !== undefined) return `did you mean ${nearest}?`;
  if (home !== undefined) return `it is an option ${home}`;
  return `there are ${[...options].sort().join(', ')}`;
}

/** The option that a typing error or two have made this of. */
export function nearestTo(name: string, options: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 4)) + 1;
  const given = name.toLowerCase().replace(/[-_]/g, '');
  for (const option of options) {
    const distance = editDistance(given, option.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = option;
  }
  return nearest;
}

/** How many letters are to be put in, left out, changed, or swapped with their neighbours, to make one of the other. */
function editDistance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, j) => j);
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (isSame ? 0 : 1));
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isSwapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
    }
    beforeLast = last;
    last = row;
  }
  return last[other.length];
}

/* What native.test.ts has every runtime do with `sansocket/native` and an echo server: plain JavaScript of the web. */

/** Resolves to what was seen: the same in every runtime. */
export async function session({ open, fromWebSocket }, url) {
  const seen = {};
  seen.value = await open(url, { subprotocols: ['other', 'echo'] }, async (ws) => {
    seen.protocol = ws.protocol;
    seen.url = ws.url === url;
    await ws.send('grüße');
    seen.text = await ws.receive();
    await ws.send(new Uint8Array([0, 1, 255]));
    seen.bytes = [...(await ws.receive())];
    await ws.send(['one ', 'message']);
    seen.fragments = await ws.receive();
    await ws.send(new Uint8Array(3 * 1024 * 1024).fill(7));
    const large = await ws.receive();
    seen.large = large.length === 3 * 1024 * 1024 && large.every((byte) => byte === 7);
    await ws.send('in pieces');
    const pieces = [];
    for await (const piece of ws.receiveStream()) pieces.push(piece);
    seen.pieces = pieces;
    return 'the handler returned';
  });

  const closing = await open(`${url}goodbye`);
  seen.last = await closing.receive();
  seen.end = await closing.receive().catch(({ name, code, reason }) => ({ name, code, reason }));
  const { clean, first } = await closing.closed;
  seen.closed = { clean, first };

  const mine = await open(url);
  const info = await mine.close(4001, 'done');
  seen.mine = { code: info.code, reason: info.reason, clean: info.clean, first: info.first };

  seen.refused = await open(`${url}refused`).catch(({ name, isTemporary }) => ({ name, isTemporary }));
  const aborted = new AbortController();
  setTimeout(() => aborted.abort('enough'), 1);
  seen.aborted = await open(`${url}silent`, { signal: aborted.signal }).catch((reason) => reason);
  seen.late = await open(`${url}silent`, { handshakeTimeout: 10 }).catch(({ name }) => name);
  seen.option = await open(url, { headers: {} }).catch(({ name, message }) => `${name}: ${message}`);

  // Whoever receives slowly gets everything, in order, the end last.
  const flood = await open(`${url}flood`);
  seen.flood = 0;
  for await (const message of flood) {
    if (Number(message.slice(0, 8)) !== seen.flood++) throw new Error('out of order');
    if (seen.flood % 50 === 0) await new Promise((resolve) => setTimeout(resolve));
  }

  seen.connections = 0;
  for await (const ws of open.reconnecting(`${url}goodbye`, { baseDelay: 1 })) {
    seen.connections++;
    if (seen.connections === 3) break;
    await ws.closed;
  }

  const given = await fromWebSocket(new WebSocket(url));
  await given.send('given');
  seen.given = await given.receive();
  await given.close();
  return seen;
}

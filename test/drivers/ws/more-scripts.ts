/** Scripts about redirects, Blobs and streams, as those of scripts.ts. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { closed, describe, describeError, noteEvents, pair, type Script } from './scripts.ts';

/** An HTTP server that answers every upgrade with this, and is told of its request. */
async function answering(answer: string | ((request: IncomingMessage) => string)): Promise<Server & { port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  server.on('upgrade', (request: IncomingMessage, stream: Duplex) => {
    stream.on('error', () => {});
    stream.end(typeof answer === 'string' ? answer : answer(request));
  });
  await once(server, 'listening');
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

const to = (location: string) => `HTTP/1.1 302 Found\r\nLocation: ${location}\r\n\r\n`;

/** What of a request's credentials comes to a place. */
function credentialsOf({ url, headers }: IncomingMessage): string {
  return `${url} ${headers.authorization} ${headers.cookie} ${headers['x-other']}`;
}

export const MORE_SCRIPTS: Readonly<Record<string, Script>> = {
  async 'redirects, and what they carry on'({ WebSocket }, note) {
    const refusal = 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
    const last = await answering((request) => (note(`elsewhere ${credentialsOf(request)}`), refusal));
    const first = await answering((request) => {
      note(`first ${credentialsOf(request)}`);
      if (request.url === '/here') return to('/there');
      if (request.url === '/loop') return to('/loop');
      if (request.url === '/nowhere') return to('http://[');
      return request.url === '/there' ? refusal : to(`ws://127.0.0.1:${last.port}/last`);
    });
    const headers = { Authorization: 'Bearer secret', Cookie: 'a=b', 'X-Other': 'c' };
    const go = async (path: string, options: object, listens = false, user = '') => {
      const url = `ws://${user}127.0.0.1:${first.port}${path}`;
      const ws = new WebSocket(url, { followRedirects: true, headers, ...options });
      if (listens) ws.on('redirect', (to: string) => note(`redirect ${new URL(to).pathname}`));
      noteEvents(ws, path, (text) => note(text.replaceAll(/\d{4,5}/g, 'N')));
      await closed(ws);
      note(`${path}: ${ws.url.replace(/\d{4,5}/, 'N').replace(/\d{4,5}/, 'N')} ${ws._redirects}`);
    };
    await go('/here', {});
    await go('/away', {});
    await go('/away', {}, true);
    await go('/away', { headers: {} }, false, 'user:pass@');
    await go('/loop', { maxRedirects: 2 });
    await go('/nowhere', {});
    await go('/here', { followRedirects: false });
    for (const server of [first, last]) server.close();
  },

  async 'Blobs, in the order in which they were sent'(library, note) {
    const { client, peer, end } = await pair(library, note);
    client.send(new Blob(['a blob']), () => note('sent'));
    client.send('behind it');
    client.ping(new Blob(['ping']));
    note(`${client.bufferedAmount}`);
    await once(peer, 'ping');
    client.send(new Blob(['frag']), { fin: false });
    client.send(new Blob(['ments']), { fin: true });
    await once(peer, 'message');
    client.binaryType = 'blob';
    peer.send(Buffer.from([1, 2]));
    const [blob] = await once(client, 'message');
    note(`${blob.constructor.name} ${describe(await blob.arrayBuffer())} ${client.bufferedAmount}`);
    try {
      client.ping(new Blob(['x'.repeat(126)]));
    } catch (error) {
      note(describeError(error));
    }
    client.send(new Blob(['cut off']), (error: unknown) => note(describeError(error)));
    client.terminate();
    await end();
  },

  async 'streams: data, strings, ends and errors'(library, note) {
    const { createWebSocketStream } = library;
    const one = await pair(library, () => {});
    const [near, far] = [
      createWebSocketStream(one.client),
      createWebSocketStream(one.peer, { readableObjectMode: true }),
    ];
    for (const [name, stream] of Object.entries({ near, far }) as [string, Duplex][]) {
      stream.on('data', (data) => note(`${name === 'near' ? 'client' : 'server'}: ${describe(data)}`));
      for (const event of ['end', 'finish', 'close']) {
        stream.on(event, () => note(`${name === 'near' ? 'client' : 'server'}: ${event}`));
      }
    }
    near.write('bytes');
    one.client.send('text');
    await once(far, 'data');
    far.write(Buffer.alloc(100_000, 1));
    await once(near, 'data');
    near.end('last');
    await one.end();
    const other = await pair(library, () => {});
    const broken = createWebSocketStream(other.client);
    broken.on('error', (error: unknown) => note(`broken: ${describeError(error)}`));
    other.peer._socket.write(Buffer.from([0x83, 0]));
    await closed(broken);
    await other.end();
    const third = await pair(library, () => {});
    const destroyed = createWebSocketStream(third.client);
    destroyed.on('error', (error: unknown) => note(`destroyed: ${describeError(error)}`));
    destroyed.destroy(new Error('enough'));
    await closed(destroyed);
    note(`${third.client.readyState}`);
    await third.end();
  },

  async 'streams whose peer goes without a word'(library, note) {
    const { createWebSocketStream } = library;
    const echoing = await pair(library, () => {});
    const echo = createWebSocketStream(echoing.peer);
    const piped = new Promise<void>((resolve) => {
      pipeline(echo, echo, (error: unknown) => resolve(note(`piped: ${error}`)));
    });
    echoing.client.send('one');
    await once(echoing.client, 'message');
    echoing.client.terminate();
    await piped;
    await echoing.end();
    const other = await pair(library, () => {});
    const stream = createWebSocketStream(other.client);
    for (const event of ['end', 'finish', 'close']) stream.on(event, () => note(`client: ${event}`));
    stream.resume();
    other.peer.terminate();
    await once(stream, 'end');
    const over = closed(stream);
    stream.end();
    await over;
    await other.end();
  },

  async 'deadlines of both handshakes'(library, note) {
    const { WebSocket } = library;
    const silent = createServer().listen(0, '127.0.0.1');
    silent.on('upgrade', (_, stream: Duplex) => void stream.on('error', () => {}).resume());
    await once(silent, 'listening');
    const url = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const early = new WebSocket(url, { handshakeTimeout: 20 });
    noteEvents(early, 'early', note);
    await closed(early);
    note(`early ${early._req}`);
    const ofClient = (text: string) => void (text.startsWith('client') && note(text));
    const { client, peer, end } = await pair(library, ofClient, { client: { closeTimeout: 20 } });
    peer.pause();
    client.close(1000);
    await closed(client);
    peer.terminate();
    await end();
    silent.close();
    silent.closeAllConnections();
  },

  async 'listeners of the WHATWG kind that come and go'(library, note) {
    const { client, peer, end } = await pair(library, note);
    const first = ({ data }: any) => note(`first ${data}`);
    const second = ({ data }: any) => note(`second ${data}`);
    const says = async (text: string) => {
      const heard = once(client, 'message');
      peer.send(text);
      await heard;
    };
    client.addEventListener('message', first);
    client.addEventListener('message', first);
    client.onmessage = first;
    await says('twice, and once more by the handler');
    client.onmessage = second;
    client.removeEventListener('message', second);
    client.removeEventListener('message', first);
    client.removeEventListener('message', first);
    await says('by the handler alone');
    note(`${client.onmessage === second} ${client.listenerCount('message')}`);
    client.onmessage = 'none';
    client.addEventListener('ping', first);
    note(`${client.onmessage} ${client.listenerCount('message')} ${client.listenerCount('ping')}`);
    await says('by nobody');
    client.onclose = ({ wasClean, code }: any) => note(`onclose ${wasClean} ${code}`);
    peer.onclose = ({ wasClean, code }: any) => note(`peer.onclose ${wasClean} ${code}`);
    client.terminate();
    await end();
  },

  async 'a Blob that can not be read'(library, note) {
    const { client, peer, end } = await pair(library, note);
    const broken = {
      arrayBuffer: () => Promise.reject(new Error('gone')),
      stream() {},
      type: '',
      size: 5,
      [Symbol.toStringTag]: 'Blob',
    };
    client.send('before');
    client.send(broken, (error: unknown) => note(`sent: ${describeError(error)}`));
    client.send('behind it', (error: unknown) => note(`behind it: ${error}`));
    note(`${client.bufferedAmount >= 5}`);
    await closed(client);
    peer.terminate();
    await end();
  },

  async 'close reasons that are none'(library, note) {
    const reasons = [new Error('why'), {}, 5, true, '', [], new ArrayBuffer(2), () => {}, 'cut \ud83d'];
    for (const reason of reasons) {
      const { client, end } = await pair(library, note);
      client.close(1011, reason);
      await end();
    }
  },

  async 'options of other types'(library, note) {
    for (const off of [0, null, '']) {
      const server = { autoPong: off, allowSynchronousEvents: off };
      const { client, peer, end } = await pair(library, note, { server, client: { createConnection: off } });
      client.send('a');
      client.ping();
      await once(peer, 'ping');
      client.close();
      await end();
    }
    for (const closeTimeout of [NaN, 'x', -1]) {
      const { client, peer, end } = await pair(library, (text) => text.startsWith('client') && note(text), {
        client: { closeTimeout },
      });
      peer.pause();
      client.close();
      await closed(client);
      peer.terminate();
      await end();
    }
    for (const threshold of [NaN, 'x', '10', null]) {
      const perMessageDeflate = { threshold, clientNoContextTakeover: true };
      const { client, peer, end } = await pair(library, note, {
        server: { perMessageDeflate: true },
        client: { perMessageDeflate },
      });
      client.send('x'.repeat(1000));
      await once(peer, 'message');
      note(`${peer._socket.bytesRead < 800}`);
      client.close();
      await end();
    }
  },

  async 'a server whose options change'(library, note) {
    const one = await pair(library, () => {});
    const { wss } = one;
    Object.assign(wss.options, { maxPayload: 10, autoPong: false });
    const client = new library.WebSocket(`ws://127.0.0.1:${wss.address().port}`);
    const [peer] = await once(wss, 'connection');
    noteEvents(peer, 'server', note);
    noteEvents(client, 'client', note);
    await once(client, 'open');
    client.ping();
    client.send('x'.repeat(11));
    await closed(client);
    one.client.terminate();
    await one.end();
  },

  async 'a subprotocol that is no string'({ WebSocket, WebSocketServer }, note) {
    for (const answer of [true, 5, Promise.resolve('a'), 'a b']) {
      const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => answer });
      await once(wss, 'listening');
      const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`, 'a');
      noteEvents(client, 'client', note);
      const [[peer]] = await Promise.all([once(wss, 'connection'), closed(client)]);
      note(`${peer.protocol}`);
      wss.close();
      await closed(wss);
    }
  },
};

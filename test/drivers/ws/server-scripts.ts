/** Scripts about how servers and connections end, and about what goes one a turn, as those of scripts.ts. */
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { closed, describe, noteEvents, pair, type Script } from './scripts.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

const UPGRADE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13',
};

export const SERVER_SCRIPTS: Readonly<Record<string, Script>> = {
  async 'servers that close, once and again'({ WebSocketServer }, note) {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(wss, 'listening');
    wss.on('close', () => note('close'));
    const over = closed(wss);
    wss.close(() => note('called back'));
    note(`${wss.address()}`);
    wss.close((error: unknown) => note(`called back, too: ${error}`));
    await over;
    await new Promise<void>((resolve) => wss.close((error: Error) => resolve(note(error.message))));
    wss.close();
    await closed(wss);
    const none = new WebSocketServer({ noServer: true, clientTracking: false });
    none.close((error: unknown) => note(`none ${error}`));
    note('later');
    await closed(none);
  },

  async 'servers on a server of one’s own'({ WebSocket, WebSocketServer }, note) {
    const http = createServer();
    const wss = new WebSocketServer({ server: http });
    for (const event of ['listening', 'error', 'close']) wss.on(event, (error?: Error) => note(`${event} ${error}`));
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    http.emit('error', new Error('of the server'));
    const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`;
    const clients = [new WebSocket(url), new WebSocket(url)];
    await Promise.all(clients.map((client) => once(client, 'open')));
    note(`${wss.clients.size} ${JSON.stringify(wss.address()) === JSON.stringify(http.address())}`);
    wss.close(() => note('called back'));
    wss.close(() => note('called back, too'));
    const counts = ['listening', 'error', 'upgrade'].map((event) => http.listenerCount(event));
    note(`${wss.address()} ${counts} ${http.listening}`);
    const over = closed(wss);
    for (const client of clients) {
      note('one goes');
      const gone = closed([...wss.clients][0]);
      client.close();
      await gone;
      await turn();
    }
    await over;
    // With nobody there it is over in the next turn.
    const empty = new WebSocketServer({ server: http });
    empty.close(() => note('empty'));
    note('later');
    await closed(empty);
    http.close();
  },

  async 'requests that come too late, and clients that go while they are looked at'({ WebSocketServer }, note) {
    const http = createServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    const ask = () => {
      const request = httpRequest({ host: '127.0.0.1', port, headers: UPGRADE, agent: false });
      request.on('error', () => {});
      request.end();
      return request;
    };
    const wss = new WebSocketServer({ noServer: true });
    const upgrade = async (): Promise<[IncomingMessage, Duplex, Buffer]> => (await once(http, 'upgrade')) as never;
    let goOn: (() => void) | undefined;
    wss.options.verifyClient = ({ secure, origin }: any, answer: (yes: boolean) => void) => {
      note(`asked ${secure} ${origin}`);
      goOn = () => answer(true);
    };
    const met = () => note('met');
    for (const how of ['fails', 'goes', 'ends']) {
      const request = ask();
      const [message, socket, head] = await upgrade();
      wss.handleUpgrade(message, socket, head, met);
      if (how === 'fails') socket.emit('error', new Error('reset'));
      if (how === 'goes') socket.destroy();
      if (how === 'ends') socket.end();
      goOn!();
      note(`${how} ${socket.destroyed} ${wss.clients.size}`);
      request.destroy();
    }
    wss.options.verifyClient = null;
    wss.close();
    await closed(wss);
    const request = ask();
    const [message, socket, head] = await upgrade();
    wss.handleUpgrade(message, socket, head, met);
    const [{ statusCode, statusMessage }] = await once(request, 'response');
    note(`${statusCode} ${statusMessage}`);
    // One that is refused and stays is not waited for.
    const staying = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const fields = Object.entries(UPGRADE).map(([name, value]) => `${name}: ${value}\r\n`);
    staying.write(`GET / HTTP/1.1\r\nHost: a\r\n${fields.join('')}\r\n`);
    const [again, stream, rest] = await upgrade();
    wss.handleUpgrade(again, stream, rest, met);
    await closed(stream);
    note('gone');
    staying.destroy();
    http.close();
  },

  async 'events one a turn'(library, note) {
    const { client, peer, end } = await pair(library, () => {}, { client: { allowSynchronousEvents: false } });
    const heard = (what: string) => {
      note(what);
      setImmediate(() => note('a turn'));
    };
    client.on('message', (data: any) => heard(`message ${data}`));
    client.on('ping', (data: any) => heard(`ping ${data}`));
    client.on('pong', (data: any) => heard(`pong ${data}`));
    peer._socket.cork();
    peer.ping('one');
    for (const text of ['two', 'three']) peer.send(text);
    peer._socket.uncork();
    while (String((await once(client, 'message'))[0]) !== 'three');
    const pong = once(client, 'pong');
    peer.pong('four');
    await pong;
    await turn();
    client.pause();
    peer.send('six');
    for (let i = 0; i < 3; i++) await turn();
    note('go on');
    client.resume();
    await once(client, 'message');
    await turn();
    client.close();
    await end();
  },

  async 'pings and pongs, however they are asked for'(library, note) {
    const { client, peer, end } = await pair(library, note);
    const sent = (what: string) => (error: unknown) => note(`${what} sent ${error ?? ''}`);
    client.ping(sent('bare'));
    client.ping('data', sent('data'));
    client.ping('masked', true, sent('masked'));
    client.ping(5);
    client.ping('x'.repeat(125));
    client.pong(6, true, sent('pong'));
    await new Promise<void>((resolve) => client.on('pong', (data: Buffer) => void (data.length === 125 && resolve())));
    peer.terminate();
    await end();
    for (const method of ['pause', 'resume']) {
      client[method]();
      note(`${method} ${client.isPaused} ${client.readyState}`);
    }
  },

  async 'pauses that outlive their connection, and come before it'(library, note) {
    const early = new library.WebSocket('ws://127.0.0.1:9', { agent: { addRequest() {} } });
    noteEvents(early, 'early', note);
    for (const method of ['pause', 'resume']) {
      early[method]();
      note(`${method} ${early.isPaused} ${early.bufferedAmount}`);
    }
    early.terminate();
    await closed(early);
    const { client, end } = await pair(library, note);
    client.pause();
    client.terminate();
    note(`${client.readyState} ${client.isPaused}`);
    await end();
    client.resume();
    note(`${client.isPaused}`);
  },

  async 'what is sent before a terminate'(library, note) {
    const { client, peer, end } = await pair(library, note);
    client.send('last');
    client.terminate();
    client.send('late', (error: Error) => note(error.message));
    await closed(peer);
    await end();
  },

  async 'what is compressed, and what is not'(library, note) {
    const options = { perMessageDeflate: { threshold: 0 } };
    const { client, peer, end } = await pair(library, () => {}, { server: options, client: options });
    const { _socket: stream } = client;
    for (const compress of [undefined, true, false]) {
      for (const callback of [undefined, () => {}]) {
        for (const data of ['x'.repeat(2000), Buffer.alloc(2000, 1), [new Uint8Array(2000)], new Uint16Array(1000)]) {
          const before = stream.bytesRead;
          const message = once(client, 'message');
          if (Array.isArray(data)) peer.send(data[0], { fin: false, compress });
          peer.send(Array.isArray(data) ? data[0] : data, { compress }, callback);
          const [received, isBinary] = await message;
          note(`${compress} ${describe(received)} ${isBinary} ${stream.bytesRead - before > 2000}`);
        }
      }
    }
    for (const data of ['as bytes', new Uint8Array(Buffer.from('as text'))]) {
      const message = once(client, 'message');
      peer.send(data, { binary: typeof data === 'string' });
      const [received, isBinary] = await message;
      note(`${describe(received)} ${isBinary}`);
    }
    client.close();
    await end();
  },

  async 'streams that end badly'(library, note) {
    for (const how of ['fault', 'destroyed', 'destroyed later', 'destroyed at its end']) {
      const { client, peer, end } = await pair(library, () => {});
      const stream = library.createWebSocketStream(peer, { readableObjectMode: true });
      for (const event of ['end', 'finish', 'close']) stream.on(event, () => note(`${how} ${event}`));
      stream.on('data', (data: any) => note(`${how} ${describe(data)}`));
      stream.on('error', (error: Error) => note(`${how} ${error.message}`));
      client.on('close', (code: number) => note(`client: ${how} ${code}`));
      const over = closed(stream);
      client.send('text');
      client.send(Buffer.from('bytes'));
      await once(peer, 'message');
      if (how === 'fault') client._socket.write(Buffer.from('8100', 'hex'));
      if (how === 'destroyed') stream.destroy(new Error('mine'));
      if (how === 'destroyed later') {
        client.terminate();
        await closed(peer);
        stream.destroy(new Error('late'));
      }
      if (how === 'destroyed at its end') {
        stream.on('end', () => stream.destroy());
        client.close();
      }
      await over;
      await end();
      note(`${how} ${stream.destroyed} ${peer.readyState}`);
    }
  },
};

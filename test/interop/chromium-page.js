/* What the page of chromium.test.ts does: classic JavaScript of a browser. Every function resolves to what it has seen. */

const opened = (socket) =>
  new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
const closed = (socket) => new Promise((resolve) => (socket.onclose = resolve));
const answered = (socket) => new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));

globalThis.inPage = {
  async version(url) {
    const sockets = Array.from({ length: 8 }, () => new WebSocket(url));
    const versions = await Promise.all(sockets.map(answered));
    for (const socket of sockets) socket.close();
    return versions;
  },

  async echo(url) {
    const socket = new WebSocket(url, ['other', 'echo']);
    socket.binaryType = 'arraybuffer';
    await opened(socket);
    const noise = new Uint8Array(3 * 1024 * 1024);
    for (let i = 0, x = 1; i < noise.length; i++) noise[i] = (x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 24;
    const texts = ['', 'a', 'grüße, €, 😀', 'long '.repeat(600_000)];
    const equal = [];
    for (const message of [...texts, new Uint8Array(0), new Uint8Array([0, 255]), noise]) {
      const answer = answered(socket);
      socket.send(message);
      const got = await answer;
      if (typeof message === 'string') equal.push(got === message);
      else equal.push(got.byteLength === message.length && new Uint8Array(got).every((byte, i) => byte === message[i]));
    }
    socket.close();
    return { protocol: socket.protocol, extensions: socket.extensions, equal };
  },

  async close(url) {
    const socket = new WebSocket(url);
    await opened(socket);
    socket.close(4001, 'done');
    const { code, reason, wasClean } = await closed(socket);
    return { code, reason, wasClean };
  },

  async beClosed(url) {
    const { code, reason, wasClean } = await closed(new WebSocket(url));
    return { code, reason, wasClean };
  },

  async leave(url) {
    const [witness, leaver] = [new WebSocket(url), new WebSocket(url)];
    await Promise.all([witness, leaver].map(opened));
    const exchange = (text) => {
      const answer = answered(witness);
      witness.send(text);
      return answer;
    };
    const before = await exchange('before');
    leaver.send(new Uint8Array(3 * 1024 * 1024));
    leaver.close();
    const after = await exchange('after');
    witness.close();
    return [before, after];
  },

  async beRefused(url) {
    const events = [];
    const socket = new WebSocket(url);
    socket.onopen = () => events.push('open');
    socket.onerror = () => events.push('error');
    const { code, wasClean } = await closed(socket);
    return { events, code, wasClean };
  },

  /** Runs a module in the page or in a worker, and resolves to the first `count` lines that it prints. */
  program({ path, place, count }) {
    const source = `
      const tell = (line) => (self.document ? self.dispatchEvent(new CustomEvent('line', { detail: line })) : postMessage(line));
      console.log = (...words) => tell(words.join(' '));
      import(${JSON.stringify(new URL(path, location.href).href)}).catch((error) => tell(String(error)));`;
    return new Promise((resolve) => {
      const lines = [];
      const take = (line) => {
        lines.push(line);
        if (lines.length === count) resolve(lines);
      };
      if (place === 'worker') {
        const blob = new Blob([source], { type: 'text/javascript' });
        const worker = new Worker(URL.createObjectURL(blob), { type: 'module' });
        worker.onmessage = ({ data }) => take(data);
      } else {
        addEventListener('line', ({ detail }) => take(detail));
        (0, eval)(`{${source}}`);
      }
    });
  },
};

#!/usr/bin/env bash
# RabbitMQ 3.10.8 (Debian 12) with its plugin rabbitmq_web_stomp: a client sends a message whose body is the bytes ff fe 41, in a binary
# WebSocket message, and is subscribed to it itself; one gives a wrong password; one sends DISCONNECT and asks for a receipt.
# Expected: the bytes come back in a binary message, as they can't be in a text; an ERROR, and then a Close frame; the RECEIPT.
# Seen: they come as a text that is no UTF-8: the `ws` package and every browser fail with 1007, so that one publisher of bytes ends all
# who are subscribed. After the ERROR the connection stays open. There is no RECEIPT, but Close 1000 'STOMP died', as for a client
# whose heart-beat stopped.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ws@8.23.0
version=1:25.2.3+dfsg-1+deb12u4
apt-get download -qq -o APT::Sandbox::User=root rabbitmq-server=3.10.8-1.1+deb12u1 libncurses6 libtinfo6 \
  erlang-{base,crypto,asn1,eldap,inets,mnesia,os-mon,parsetools,public-key,runtime-tools,ssl,syntax-tools,tools,xmerl}="$version"
for package in *.deb; do dpkg-deb -x "$package" debian; done
erlang="$folder/debian/usr/lib/erlang"
sed -i "s#ROOTDIR=/usr/lib/erlang#ROOTDIR=$erlang#" "$erlang/bin/erl"
export ERL_ROOTDIR="$erlang" PATH="$erlang/bin:$PATH" LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu" HOME="$folder"
echo '[rabbitmq_web_stomp].' >enabled
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const net = require('node:net');

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** A frame of a client, with a mask of zeros. */
const frame = (first, payload) => {
  const { length } = payload;
  const header = length < 126 ? [first, 0x80 | length] : [first, 0xfe, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([...header, 0, 0, 0, 0]), payload]);
};

/** Starts RabbitMQ, with a port mapper of its own; resolves to the port of the plugin. */
const start = async (settings) => {
  const ports = [await freePort(), await freePort(), await freePort(), await freePort(), await freePort()];
  const [epmd, distribution, amqp, plain, port] = ports.map(String);
  writeFileSync('rabbitmq.conf', `listeners.tcp.1 = 127.0.0.1:${amqp}\nstomp.listeners.tcp.1 = 127.0.0.1:${plain}\n${settings(port)}`);
  writeFileSync('empty', '');
  const environment = {
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: epmd,
    RABBITMQ_CONFIG_FILE: `${__dirname}/rabbitmq`,
    RABBITMQ_CONF_ENV_FILE: `${__dirname}/empty`,
    RABBITMQ_DIST_PORT: distribution,
    RABBITMQ_ENABLED_PLUGINS_FILE: `${__dirname}/enabled`,
    RABBITMQ_LOGS: '-',
    RABBITMQ_LOG_BASE: `${__dirname}/log`,
    RABBITMQ_MNESIA_BASE: `${__dirname}/mnesia`,
    RABBITMQ_NODENAME: 'findings@127.0.0.1',
    RABBITMQ_USE_LONGNAME: 'true',
  };
  const options = { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'ignore'], detached: true };
  const run = (...command) => {
    const child = spawn(command[0], command.slice(1), options);
    process.on('exit', () => process.kill(-child.pid, 'SIGKILL'));
    return child;
  };
  for (const signal of ['SIGTERM', 'SIGPIPE']) process.on(signal, () => process.exit(1));
  run('epmd');
  const broker = run('sh', 'debian/usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8/sbin/rabbitmq-server');
  let said = '';
  await new Promise((resolve) => broker.stdout.on('data', (bytes) => /startup complete/.test((said += bytes)) && resolve()));
  return port;
};

/** Opens a WebSocket, and sends these frames, one after the other; resolves to what came within five seconds. */
const exchange = (port, path, protocols, words, frames) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let end = 'TCP open';
    socket.on('error', () => {});
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    socket.once('data', () => {
      frames.forEach((each, index) => setTimeout(() => socket.write(each), index * 500));
      setTimeout(() => {
        const head = received.subarray(0, received.indexOf('\r\n\r\n'));
        const [, protocol = 'none'] = /^sec-websocket-protocol: (.*)$/im.exec(head) ?? [];
        const seen = [`chosen ${protocol}`];
        let rest = received.subarray(head.length + 4);
        while (rest.length >= 2) {
          const from = rest[1] < 126 ? 2 : 4;
          const to = from + (from === 2 ? rest[1] : rest.readUInt16BE(2));
          const payload = rest.subarray(from, to);
          if (rest[0] === 0x88) seen.push(`Close ${payload.readUInt16BE(0)} '${payload.subarray(2)}'`);
          else seen.push(words(payload, rest[0] === 0x81 ? 'text' : 'binary message'));
          rest = rest.subarray(to);
        }
        resolve([...seen, end].join(', '));
        socket.destroy();
      }, 5000);
    });
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${protocols}\r\n\r\n`,
    );
  });

const login = (password, beat = '0,0') =>
  `CONNECT\nlogin:guest\npasscode:${password}\nhost:/\naccept-version:1.2\nheart-beat:${beat}\n\n\0`;
const connect = (...values) => frame(0x81, Buffer.from(login(...values)));
const subscribe = 'SUBSCRIBE\nid:1\ndestination:/exchange/amq.topic/news\n\n\0';
const send = [Buffer.from('SEND\ndestination:/exchange/amq.topic/news\ncontent-length:3\n\n'), Buffer.from([0xff, 0xfe, 0x41, 0])];

(async () => {
  const port = await start((port) => `web_stomp.tcp.ip = 127.0.0.1\nweb_stomp.tcp.port = ${port}\n`);
  const words = (payload, type) => {
    const [command] = /^[A-Z]*/.exec(payload);
    if (command !== 'MESSAGE') return command || 'a heart-beat';
    const body = payload.subarray(payload.indexOf('\n\n') + 2, payload.lastIndexOf(0));
    return `MESSAGE with ${body.toString('hex')} in a ${type}`;
  };
  const ask = (...frames) => exchange(port, '/ws', 'v12.stomp', words, frames);
  console.log(`bytes: ${await ask(connect('guest'), frame(0x81, Buffer.from(subscribe)), frame(0x82, Buffer.concat(send)))}`);

  const { WebSocket } = require('ws');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, 'v12.stomp');
  socket.on('open', () => {
    socket.send(login('guest'));
    setTimeout(() => socket.send(subscribe), 500);
    setTimeout(() => socket.send(Buffer.concat(send)), 1000);
  });
  const error = await new Promise((resolve) => socket.on('error', ({ message }) => resolve(message)));
  console.log(`bytes, to ws: ${error}`);
  console.log(`a wrong password: ${await ask(connect('wrong'))}`);
  console.log(`DISCONNECT: ${await ask(connect('guest'), frame(0x81, Buffer.from('DISCONNECT\nreceipt:bye\n\n\0')))}`);
  console.log(`silent, with a heart-beat of 1 second: ${await ask(connect('guest', '1000,0'))}`);
  process.exit();
})();
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
bytes: chosen v12.stomp, CONNECTED, MESSAGE with fffe41 in a text, TCP open
bytes, to ws: Invalid WebSocket frame: invalid UTF-8 sequence
a wrong password: chosen v12.stomp, ERROR, TCP open
DISCONNECT: chosen v12.stomp, CONNECTED, Close 1000 'STOMP died', TCP ends
silent, with a heart-beat of 1 second: chosen v12.stomp, CONNECTED, Close 1000 'STOMP died', TCP ends
EXPECTED
echo 'RabbitMQ 3.10.8, web-stomp: as written down'

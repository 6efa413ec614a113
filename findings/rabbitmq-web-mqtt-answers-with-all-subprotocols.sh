#!/usr/bin/env bash
# RabbitMQ 3.10.8 (Debian 12) with its plugin rabbitmq_web_mqtt: clients offer two subprotocols, or one that is not MQTT; a wrong
# password; a client that stays silent beyond its keepalive; one that sends DISCONNECT.
# Expected: 'mqtt' is chosen of two, and none of what is not known; a CONNACK with 5 for the password; a code of trouble for the
# silence, and 1000 for the DISCONNECT.
# Seen: the offer is sent back as it is, both names in one field, so that a strict client fails, and names that mean nothing are agreed
# on. The password is Close 1002, a protocol error, without a CONNACK. The silence and the DISCONNECT are the same: 1000 'MQTT died'.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
version=1:25.2.3+dfsg-1+deb12u4
apt-get download -qq -o APT::Sandbox::User=root rabbitmq-server=3.10.8-1.1+deb12u1 libncurses6 libtinfo6 \
  erlang-{base,crypto,asn1,eldap,inets,mnesia,os-mon,parsetools,public-key,runtime-tools,ssl,syntax-tools,tools,xmerl}="$version"
for package in *.deb; do dpkg-deb -x "$package" debian; done
erlang="$folder/debian/usr/lib/erlang"
sed -i "s#ROOTDIR=/usr/lib/erlang#ROOTDIR=$erlang#" "$erlang/bin/erl"
export ERL_ROOTDIR="$erlang" PATH="$erlang/bin:$PATH" LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu" HOME="$folder"
echo '[rabbitmq_web_mqtt].' >enabled
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
  writeFileSync('rabbitmq.conf', `listeners.tcp.1 = 127.0.0.1:${amqp}\nmqtt.listeners.tcp.1 = 127.0.0.1:${plain}\n${settings(port)}`);
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

const bytes = (text) => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);

/** A CONNECT of MQTT 3.1.1 for the user guest. */
const connect = (password, keepalive) => {
  const body = [bytes('MQTT'), Buffer.from([4, 0xc2, 0, keepalive]), bytes('findings'), bytes('guest'), bytes(password)];
  const length = body.reduce((sum, each) => sum + each.length, 0);
  return frame(0x82, Buffer.concat([Buffer.from([0x10, length]), ...body]));
};

(async () => {
  const port = await start((port) => `web_mqtt.tcp.ip = 127.0.0.1\nweb_mqtt.tcp.port = ${port}\n`);
  const words = (payload) => ({ 0x20: `CONNACK ${payload[3]}` })[payload[0]] ?? `packet ${payload[0].toString(16)}`;
  const ask = (protocols, ...frames) => exchange(port, '/ws', protocols, words, frames);
  for (const offer of ['mqtt', 'mqttv3.1, mqtt', 'a.example']) console.log(`offered ${offer}: ${await ask(offer, connect('guest', 0))}`);
  console.log(`a wrong password: ${await ask('mqtt', connect('wrong', 0))}`);
  console.log(`silent, with a keepalive of 1 second: ${await ask('mqtt', connect('guest', 1))}`);
  console.log(`DISCONNECT: ${await ask('mqtt', connect('guest', 0), frame(0x82, Buffer.from([0xe0, 0])))}`);
  process.exit();
})();
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
offered mqtt: chosen mqtt, CONNACK 0, TCP open
offered mqttv3.1, mqtt: chosen mqttv3.1, mqtt, CONNACK 0, TCP open
offered a.example: chosen a.example, CONNACK 0, TCP open
a wrong password: chosen mqtt, Close 1002 'unauthenticated', TCP ends
silent, with a keepalive of 1 second: chosen mqtt, CONNACK 0, Close 1000 'MQTT died', TCP ends
DISCONNECT: chosen mqtt, CONNACK 0, Close 1000 'MQTT died', TCP ends
EXPECTED
echo 'RabbitMQ 3.10.8, web-mqtt: as written down'

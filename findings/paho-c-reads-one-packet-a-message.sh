#!/usr/bin/env bash
# Eclipse Paho's MQTT client for C 1.3.12 (Debian 12's libpaho-mqtt1.3), over WebSocket, at servers that send it the CONNACK and a PUBLISH
# in one message or in two, or the CONNACK in two frames; that ping before it, or between the two; or that close with 4001.
# Expected: as MQTT's standard has it, the packets are a stream, wherever its messages begin and end; a pong with the bytes of its ping;
# the code of a Close frame in return.
# Seen: of a message it reads the first packet alone, and holds the PUBLISH behind it until something more comes. A CONNACK in two frames
# that do not come in one read fails the connection. A ping between two frames is answered by two pongs with other bytes. Close 4001
# is answered by 1001, and that by an MQTT packet without a frame around it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root libpaho-mqtt1.3=1.3.12-1 libpaho-mqtt-dev=1.3.12-1
for package in *.deb; do dpkg-deb -x "$package" debian; done
libraries="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
cat >client.c <<'C'
#include <MQTTClient.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void lost(void *context, char *cause) { printf("lost, "); }

static int arrived(void *context, char *topic, int length, MQTTClient_message *message) {
  printf("message '%.*s', ", message->payloadlen, (char *)message->payload);
  MQTTClient_freeMessage(&message);
  MQTTClient_free(topic);
  return 1;
}

int main(int count, char **arguments) {
  MQTTClient client;
  MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
  MQTTClient_create(&client, arguments[1], "it", MQTTCLIENT_PERSISTENCE_NONE, NULL);
  MQTTClient_setCallbacks(client, NULL, lost, arrived, NULL);
  options.connectTimeout = 3;
  options.MQTTVersion = MQTTVERSION_3_1_1;
  printf(MQTTClient_connect(client, &options) == MQTTCLIENT_SUCCESS ? "connected, " : "not connected, ");
  fflush(stdout);
  usleep(700000);
  printf("end\n");
  fflush(stdout);
  _exit(0);
}
C
cc -o client client.c -Idebian/usr/include -L"$libraries" -lpaho-mqtt3c
export LD_LIBRARY_PATH="$libraries"
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');

const connack = Buffer.from([0x20, 2, 0, 0]);
const publish = Buffer.from([0x30, 8, 0, 2, ...Buffer.from('toword')]);
/** A frame of a server, of 125 bytes at most. */
const frame = (first, payload = Buffer.alloc(0)) => Buffer.concat([Buffer.from([first, payload.length]), payload]);

/** What this file's server sends for the CONNECT, 150 ms apart; 0x82 is a binary message, 0x02 the first frame of one, 0x80 the last. */
const ping = frame(0x89, Buffer.from('abc'));
const halves = [frame(0x02, connack.subarray(0, 1)), frame(0x80, connack.subarray(1))];
const answers = {
  'two packets, two messages': [frame(0x82, connack), frame(0x82, publish)],
  'two packets, one message': [frame(0x82, Buffer.concat([connack, publish]))],
  'two packets, one message, and one more': [frame(0x82, Buffer.concat([connack, publish])), frame(0x82, publish)],
  'CONNACK in two frames': halves,
  'CONNACK in two frames at once': [Buffer.concat(halves)],
  'a ping first': [ping, frame(0x82, connack)],
  'a ping between the two frames, at once': [Buffer.concat([halves[0], ping, halves[1]])],
  'Close 4001': [frame(0x82, connack), frame(0x88, Buffer.from([0x0f, 0xa1]))],
};

(async () => {
  for (const [name, answer] of Object.entries(answers)) {
    const seen = [];
    const server = http.createServer();
    server.on('upgrade', (request, socket) => {
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`,
      );
      let rest = Buffer.alloc(0);
      let connected = false;
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        rest = Buffer.concat([rest, bytes]);
        while (rest.length >= 2) {
          if (rest[1] < 0x80) {
            seen.push(`no masked frame: ${rest.toString('hex')}`);
            rest = Buffer.alloc(0);
            return;
          }
          const length = (rest[1] & 0x7f) + 6;
          if (rest.length < length) return;
          const mask = rest.subarray(2, 6);
          const payload = Buffer.from(rest.subarray(6, length).map((byte, at) => byte ^ mask[at & 3]));
          if ((rest[0] & 0x0f) === 8) seen.push(`Close ${payload.readUInt16BE(0)}`);
          if ((rest[0] & 0x0f) === 10) seen.push(`pong ${payload.toString('hex')}`);
          rest = rest.subarray(length);
          if (!connected) answer.forEach((part, at) => setTimeout(() => socket.write(part), at * 150));
          connected = true;
        }
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const child = spawn('./client', [`ws://127.0.0.1:${server.address().port}/`], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 20_000 });
    let told = '';
    child.stdout.on('data', (text) => (told += text));
    await once(child, 'close');
    // The message may come before the call has returned.
    const words = told.trim().split(', ').sort().join(', ');
    console.log(`${name}: ${words} | ${seen.join(', ')}`);
  }
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
two packets, two messages: connected, end, message 'word' | 
two packets, one message: connected, end | 
two packets, one message, and one more: connected, end, message 'word', message 'word' | 
CONNACK in two frames: end, not connected | Close 1000
CONNACK in two frames at once: connected, end | 
a ping first: connected, end | pong 616263
a ping between the two frames, at once: end, not connected | pong 20616263, pong 020000, Close 1000
Close 4001: connected, end, lost | Close 1001, no masked frame: e000
EXPECTED
echo 'paho-mqtt 1.3.12 (C): as written down'

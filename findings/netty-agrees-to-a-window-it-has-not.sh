#!/usr/bin/env bash
# Netty 4.1.48 (Debian 12) as a server with its own WebSocketServerCompressionHandler and without JZlib, which is an optional
# dependency of it, and a client that offers permessage-deflate with server_max_window_bits.
# Expected: it agrees and keeps to it, or leaves the parameter out of its answer, as it does server_no_context_takeover.
# Seen: it agrees to 10 bits, which java.util.zip can't do, and then never answers: what the application writes fails inside,
# and the connection stays open and silent. 15 bits, the default, work.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root libnetty-java=1:4.1.48-7+deb12u2
dpkg-deb -x libnetty-java_*.deb debian
export CLASSPATH="$folder:$folder/debian/usr/share/java/*"
cat >Echo.java <<'JAVA'
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler;
import java.net.InetSocketAddress;

public class Echo extends SimpleChannelInboundHandler<TextWebSocketFrame> {
  @Override
  protected void channelRead0(ChannelHandlerContext context, TextWebSocketFrame frame) {
    context.writeAndFlush(new TextWebSocketFrame(frame.text())).addListener(write -> {
      if (!write.isSuccess()) System.out.println(write.cause());
    });
  }

  public static void main(String[] arguments) throws Exception {
    var group = new NioEventLoopGroup(1);
    var channel = new ServerBootstrap().group(group).channel(NioServerSocketChannel.class)
        .childHandler(new ChannelInitializer<Channel>() {
          @Override
          protected void initChannel(Channel channel) {
            channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(65536),
                new WebSocketServerCompressionHandler(), new WebSocketServerProtocolHandler("/", null, true), new Echo());
          }
        }).bind("127.0.0.1", 0).sync().channel();
    System.out.println(((InetSocketAddress) channel.localAddress()).getPort());
  }
}
JAVA
javac -d . Echo.java
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const net = require('node:net');
const zlib = require('node:zlib');

/** Offers this, sends a text twice, compressed, and tells what comes back. */
const twice = (port, offer, keepsContext) =>
  new Promise((resolve) => {
    const seen = [];
    const end = (word) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(`'${offer}': ${[...seen, word].join(', ')}`);
    };
    const timer = setTimeout(() => end('then silence'), 2000);
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => end('then TCP ends'));
    socket.write(
      'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        `Sec-WebSocket-Extensions: permessage-deflate${offer}\r\n\r\n`,
    );
    let deflate;
    let sent = 0;
    const send = () => {
      if (!keepsContext || sent === 0) deflate = zlib.createDeflateRaw();
      sent += 1;
      deflate.write(TEXT);
      deflate.flush(zlib.constants.Z_SYNC_FLUSH, () => {
        const payload = deflate.read().subarray(0, -4);
        // TEXT with RSV1, a mask of zeros.
        socket.write(Buffer.concat([Buffer.from([0xc1, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
      });
    };
    let received = Buffer.alloc(0);
    let isOpen = false;
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      const head = received.indexOf('\r\n\r\n');
      if (!isOpen && head >= 0) {
        isOpen = true;
        const [, agreed] = /sec-websocket-extensions: (.*)\r\n/i.exec(received.subarray(0, head + 2)) ?? [];
        seen.push(`agrees to ${agreed ?? 'nothing'}`);
        if (agreed === undefined) return end('as plain text');
        received = received.subarray(head + 4);
        send();
      }
      while (isOpen && received.length >= 2 && received.length >= 2 + received[1]) {
        const payload = received.subarray(2, 2 + received[1]);
        if ((received[0] & 15) === 8) return end(`Close ${payload.readUInt16BE()} ${payload.subarray(2)}`);
        seen.push(`echo of ${payload.length} bytes`);
        received = received.subarray(2 + payload.length);
        if (sent === 2) return end('all well');
        send();
      }
    });
  });

const TEXT = 'one and the same text, '.repeat(5);

const server = spawn('java', ['Echo']);
const lines = createInterface(server.stdout);
lines.once('line', async (port) => {
  lines.on('line', (line) => console.log(`  the write fails: ${line}`));
  console.log(await twice(port, '', true));
  console.log(await twice(port, '; server_no_context_takeover', true));
  console.log(await twice(port, '; server_max_window_bits=10', true));
  server.kill();
});
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
'': agrees to permessage-deflate, echo of 28 bytes, echo of 5 bytes, all well
'; server_no_context_takeover': agrees to nothing, as plain text
  the write fails: io.netty.handler.codec.EncoderException: java.lang.NoClassDefFoundError: com/jcraft/jzlib/Deflater
'; server_max_window_bits=10': agrees to permessage-deflate;server_max_window_bits=10, then silence
EXPECTED
echo 'Netty 4.1.48: as written down'

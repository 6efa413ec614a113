// Netty, both roles: java Netty.java server|client URL
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.*;
import io.netty.handler.codec.http.websocketx.extensions.compression.*;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;

public class Netty {
  static final int LIMIT = Integer.parseInt(System.getenv("LIMIT"));
  static final String PROTOCOLS =
      System.getenv().getOrDefault("PROTOCOLS", "").isEmpty() ? null : System.getenv("PROTOCOLS");

  public static void main(String[] arguments) throws Exception {
    var group = new NioEventLoopGroup();
    if (arguments[0].equals("server")) {
      var channel = new ServerBootstrap().group(group).channel(NioServerSocketChannel.class)
          .childHandler(new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
              var config = WebSocketServerProtocolConfig.newBuilder().websocketPath("/").subprotocols(PROTOCOLS)
                  .allowExtensions(true).maxFramePayloadLength(LIMIT).checkStartsWith(true)
                  .handleCloseFrames(true).dropPongFrames(false).build();
              channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(65536),
                  new WebSocketServerCompressionHandler(), new WebSocketServerProtocolHandler(config),
                  new WebSocketFrameAggregator(LIMIT), new Peer());
            }
          }).bind("127.0.0.1", 0).sync().channel();
      System.out.println("port " + ((InetSocketAddress) channel.localAddress()).getPort());
      channel.closeFuture().sync();
    }
    var uri = URI.create(arguments[1]);
    while (true) {
      try {
        new Bootstrap().group(group).channel(NioSocketChannel.class).handler(new ChannelInitializer<Channel>() {
          @Override
          protected void initChannel(Channel channel) {
            var config = WebSocketClientProtocolConfig.newBuilder().webSocketUri(uri).subprotocol(PROTOCOLS)
                .allowExtensions(true).maxFramePayloadLength(LIMIT).handleCloseFrames(true).dropPongFrames(false)
                .customHeaders(new DefaultHttpHeaders()).build();
            channel.pipeline().addLast(new HttpClientCodec(), new HttpObjectAggregator(65536),
                WebSocketClientCompressionHandler.INSTANCE, new WebSocketClientProtocolHandler(config),
                new WebSocketFrameAggregator(LIMIT), new Peer());
          }
        }).connect(uri.getHost(), uri.getPort()).sync().channel().closeFuture().sync();
      } catch (Exception error) {
        Thread.sleep(200);
      }
    }
  }

  static class Peer extends SimpleChannelInboundHandler<WebSocketFrame> {
    private String protocol;
    private boolean isTold;

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof WebSocketServerProtocolHandler.HandshakeComplete) {
        protocol = ((WebSocketServerProtocolHandler.HandshakeComplete) event).selectedSubprotocol();
      }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
      if (frame instanceof PongWebSocketFrame) {
        var data = frame.content().toString(StandardCharsets.UTF_8);
        if (!data.isEmpty()) context.writeAndFlush(new TextWebSocketFrame("pong " + data));
        return;
      }
      if (!(frame instanceof TextWebSocketFrame)) {
        context.writeAndFlush(frame.retain());
        return;
      }
      var text = ((TextWebSocketFrame) frame).text();
      if (!text.startsWith("!")) {
        context.writeAndFlush(new TextWebSocketFrame(text));
        return;
      }
      var words = text.substring(1).split(" ", 3);
      switch (words[0]) {
        case "close":
          context.writeAndFlush(words.length == 1 ? new CloseWebSocketFrame()
              : new CloseWebSocketFrame(Integer.parseInt(words[1]), words.length > 2 ? words[2] : ""));
          break;
        case "ping":
          context.writeAndFlush(new PingWebSocketFrame(
              io.netty.buffer.Unpooled.copiedBuffer(words[1], StandardCharsets.UTF_8)));
          break;
        case "fragments":
          context.write(new TextWebSocketFrame(false, 0, "one "));
          context.write(new ContinuationWebSocketFrame(false, 0, "two "));
          context.writeAndFlush(new ContinuationWebSocketFrame(true, 0, "three"));
          break;
        case "protocol":
          context.writeAndFlush(new TextWebSocketFrame(protocol == null ? "can't" : protocol));
          break;
        case "abort":
          context.close();
          break;
        default:
          context.writeAndFlush(new TextWebSocketFrame("can't"));
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      System.out.println("closed");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable error) {
      context.close();
    }
  }
}

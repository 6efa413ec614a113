// Jetty's WebSocket API, both roles: java Jetty.java server|client URL
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.websocket.api.RemoteEndpoint;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.WebSocketListener;
import org.eclipse.jetty.websocket.api.WebSocketPingPongListener;
import org.eclipse.jetty.websocket.client.ClientUpgradeRequest;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.eclipse.jetty.websocket.server.WebSocketHandler;
import org.eclipse.jetty.websocket.servlet.WebSocketServletFactory;

public class Jetty {
  static final long LIMIT = Long.parseLong(System.getenv("LIMIT"));
  static final List<String> PROTOCOLS = List.of(System.getenv().getOrDefault("PROTOCOLS", "").split(","));

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("server")) {
      var server = new Server();
      var connector = new ServerConnector(server);
      connector.setHost("127.0.0.1");
      server.addConnector(connector);
      server.setHandler(new WebSocketHandler() {
        @Override
        public void configure(WebSocketServletFactory factory) {
          factory.getPolicy().setMaxTextMessageSize((int) LIMIT);
          factory.getPolicy().setMaxBinaryMessageSize((int) LIMIT);
          factory.setCreator((request, response) -> {
            for (var name : request.getSubProtocols()) {
              if (PROTOCOLS.contains(name)) response.setAcceptedSubProtocol(name);
            }
            return new Peer();
          });
        }
      });
      server.start();
      System.out.println("port " + connector.getLocalPort());
      server.join();
    }
    var client = new WebSocketClient();
    client.getPolicy().setMaxTextMessageSize((int) LIMIT);
    client.getPolicy().setMaxBinaryMessageSize((int) LIMIT);
    client.start();
    while (true) {
      var request = new ClientUpgradeRequest();
      if (!PROTOCOLS.get(0).isEmpty()) request.setSubProtocols(PROTOCOLS);
      request.addExtensions("permessage-deflate");
      var peer = new Peer();
      try {
        client.connect(peer, URI.create(arguments[1]), request).get();
        peer.over.await();
      } catch (Exception error) {
        Thread.sleep(200);
      }
    }
  }

  public static class Peer implements WebSocketListener, WebSocketPingPongListener {
    final CountDownLatch over = new CountDownLatch(1);
    private Session session;

    private RemoteEndpoint remote() {
      return session.getRemote();
    }

    @Override
    public void onWebSocketConnect(Session opened) {
      session = opened;
    }

    @Override
    public void onWebSocketText(String text) {
      try {
        if (!text.startsWith("!")) {
          remote().sendString(text);
          return;
        }
        var words = text.substring(1).split(" ", 3);
        switch (words[0]) {
          case "close":
            if (words.length == 1) session.close(1005, null);
            else session.close(Integer.parseInt(words[1]), words.length > 2 ? words[2] : "");
            break;
          case "ping":
            remote().sendPing(ByteBuffer.wrap(words[1].getBytes()));
            break;
          case "fragments":
            remote().sendPartialString("one ", false);
            remote().sendPartialString("two ", false);
            remote().sendPartialString("three", true);
            break;
          case "protocol":
            var name = session.getUpgradeResponse().getAcceptedSubProtocol();
            remote().sendString(name == null ? "" : name);
            break;
          case "abort":
            session.disconnect();
            break;
          default:
            remote().sendString("can't");
        }
      } catch (Exception error) {
        try {
          remote().sendString("can't");
        } catch (Exception ignored) {
        }
      }
    }

    @Override
    public void onWebSocketBinary(byte[] bytes, int offset, int length) {
      try {
        remote().sendBytes(ByteBuffer.wrap(bytes, offset, length));
      } catch (Exception ignored) {
      }
    }

    @Override
    public void onWebSocketPong(ByteBuffer data) {
      var text = java.nio.charset.StandardCharsets.UTF_8.decode(data).toString();
      try {
        if (!text.isEmpty()) remote().sendString("pong " + text);
      } catch (Exception ignored) {
      }
    }

    @Override
    public void onWebSocketPing(ByteBuffer data) {}

    @Override
    public void onWebSocketClose(int code, String reason) {
      System.out.println("closed " + code + " " + (reason == null ? "" : reason));
      over.countDown();
    }

    @Override
    public void onWebSocketError(Throwable error) {}
  }
}

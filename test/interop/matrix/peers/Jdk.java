// java.net.http's client: java Jdk.java client URL
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;

class Jdk {
  public static void main(String[] arguments) throws Exception {
    var protocols = System.getenv().getOrDefault("PROTOCOLS", "").split(",");
    while (true) {
      var builder = HttpClient.newHttpClient().newWebSocketBuilder();
      if (!protocols[0].isEmpty()) {
        builder.subprotocols(protocols[0], java.util.Arrays.copyOfRange(protocols, 1, protocols.length));
      }
      var peer = new Peer();
      builder.buildAsync(URI.create(arguments[1]), peer).join();
      peer.over.await();
    }
  }

  static class Peer implements WebSocket.Listener {
    final CountDownLatch over = new CountDownLatch(1);
    private final StringBuilder text = new StringBuilder();
    private java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();

    @Override
    public CompletionStage<?> onText(WebSocket ws, CharSequence part, boolean last) {
      text.append(part);
      ws.request(1);
      if (!last) return null;
      var message = text.toString();
      text.setLength(0);
      if (!message.startsWith("!")) return ws.sendText(message, true);
      var words = message.substring(1).split(" ", 3);
      switch (words[0]) {
        case "close":
          if (words.length == 1) return ws.sendText("can't", true);
          try {
            return ws.sendClose(Integer.parseInt(words[1]), words.length > 2 ? words[2] : "");
          } catch (Exception error) {
            return ws.sendText("can't", true);
          }
        case "ping":
          return ws.sendPing(ByteBuffer.wrap(words[1].getBytes(StandardCharsets.UTF_8)));
        case "fragments":
          return ws.sendText("one ", false)
              .thenCompose(w -> w.sendText("two ", false))
              .thenCompose(w -> w.sendText("three", true));
        case "protocol":
          return ws.sendText(ws.getSubprotocol(), true);
        case "abort":
          ws.abort();
          System.out.println("closed 1006");
          over.countDown();
          return null;
        default:
          return ws.sendText("can't", true);
      }
    }

    @Override
    public CompletionStage<?> onBinary(WebSocket ws, ByteBuffer part, boolean last) {
      var copy = new byte[part.remaining()];
      part.get(copy);
      bytes.writeBytes(copy);
      ws.request(1);
      if (!last) return null;
      var message = ByteBuffer.wrap(bytes.toByteArray());
      bytes = new java.io.ByteArrayOutputStream();
      return ws.sendBinary(message, true);
    }

    @Override
    public CompletionStage<?> onPong(WebSocket ws, ByteBuffer data) {
      ws.request(1);
      if (!data.hasRemaining()) return null;
      return ws.sendText("pong " + StandardCharsets.UTF_8.decode(data), true);
    }

    @Override
    public CompletionStage<?> onClose(WebSocket ws, int code, String reason) {
      System.out.println("closed " + code + " " + reason);
      over.countDown();
      return null;
    }

    @Override
    public void onError(WebSocket ws, Throwable error) {
      System.out.println("closed 1006 " + error);
      over.countDown();
    }
  }
}

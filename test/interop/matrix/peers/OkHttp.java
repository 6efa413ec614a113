// OkHttp's client: java OkHttp client URL
import java.util.concurrent.CountDownLatch;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;

class OkHttp {
  public static void main(String[] arguments) throws Exception {
    var protocols = System.getenv().getOrDefault("PROTOCOLS", "");
    var client = new OkHttpClient();
    while (true) {
      var request = new Request.Builder().url(arguments[1]);
      if (!protocols.isEmpty()) request.header("Sec-WebSocket-Protocol", protocols.replace(",", ", "));
      var peer = new Peer();
      client.newWebSocket(request.build(), peer);
      peer.over.await();
    }
  }

  /** It answers pings by itself, tells of no pongs, and sends no fragments. */
  static class Peer extends WebSocketListener {
    final CountDownLatch over = new CountDownLatch(1);
    private String protocol = "";

    @Override
    public void onOpen(WebSocket ws, Response response) {
      protocol = response.header("Sec-WebSocket-Protocol", "");
    }

    @Override
    public void onMessage(WebSocket ws, String message) {
      if (!message.startsWith("!")) {
        ws.send(message);
        return;
      }
      var words = message.substring(1).split(" ", 3);
      switch (words[0]) {
        case "close":
          try {
            ws.close(Integer.parseInt(words[1]), words.length > 2 ? words[2] : null);
          } catch (RuntimeException error) {
            ws.send("can't");
          }
          break;
        case "protocol":
          ws.send(protocol);
          break;
        case "abort":
          ws.cancel();
          break;
        default:
          ws.send("can't");
      }
    }

    @Override
    public void onMessage(WebSocket ws, ByteString message) {
      ws.send(message);
    }

    /** The library returns no Close frame by itself. */
    @Override
    public void onClosing(WebSocket ws, int code, String reason) {
      ws.close(code == 1005 ? 1000 : code, reason);
    }

    @Override
    public void onClosed(WebSocket ws, int code, String reason) {
      System.out.println("closed " + code + " " + reason);
      over.countDown();
    }

    @Override
    public void onFailure(WebSocket ws, Throwable error, Response response) {
      System.out.println("closed 1006 " + error);
      over.countDown();
    }
  }
}

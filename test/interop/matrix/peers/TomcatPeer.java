// Tomcat and the javax.websocket API, both roles: java TomcatPeer.java server|client URL
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.servlet.ServletContextEvent;
import javax.servlet.ServletContextListener;
import javax.websocket.*;
import javax.websocket.server.ServerContainer;
import javax.websocket.server.ServerEndpointConfig;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.websocket.server.WsContextListener;

public class TomcatPeer extends Endpoint {
  static final int LIMIT = Integer.parseInt(System.getenv("LIMIT"));
  static final String NAMES = System.getenv().getOrDefault("PROTOCOLS", "");
  static final List<String> PROTOCOLS = NAMES.isEmpty() ? List.of() : List.of(NAMES.split(","));
  static final CountDownLatch[] over = {null};

  public static void main(String[] arguments) throws Exception {
    Logger.getLogger("").setLevel(Level.OFF);
    if (arguments[0].equals("server")) {
      var tomcat = new Tomcat();
      tomcat.setBaseDir(System.getenv("WORK"));
      tomcat.setPort(0);
      tomcat.getConnector().setProperty("address", "127.0.0.1");
      var context = tomcat.addContext("", null);
      context.addApplicationListener(Listener.class.getName());
      Tomcat.addServlet(context, "none", new javax.servlet.http.HttpServlet() {});
      context.addServletMappingDecoded("/", "none");
      tomcat.start();
      System.out.println("port " + tomcat.getConnector().getLocalPort());
      tomcat.getServer().await();
    }
    var container = ContainerProvider.getWebSocketContainer();
    while (true) {
      over[0] = new CountDownLatch(1);
      try {
        var config = ClientEndpointConfig.Builder.create().preferredSubprotocols(PROTOCOLS)
            .extensions(List.of(new Deflate())).build();
        container.connectToServer(new TomcatPeer(), config, URI.create(arguments[1]));
        over[0].await();
      } catch (Exception error) {
        Thread.sleep(200);
      }
    }
  }

  public static class Listener extends WsContextListener {
    @Override
    public void contextInitialized(ServletContextEvent event) {
      super.contextInitialized(event);
      var container = (ServerContainer) event.getServletContext().getAttribute(ServerContainer.class.getName());
      try {
        container.addEndpoint(ServerEndpointConfig.Builder.create(TomcatPeer.class, "/").subprotocols(PROTOCOLS).build());
      } catch (DeploymentException error) {
        throw new IllegalStateException(error);
      }
    }
  }

  @Override
  public void onOpen(Session session, EndpointConfig config) {
    session.setMaxTextMessageBufferSize(LIMIT);
    session.setMaxBinaryMessageBufferSize(LIMIT);
    session.addMessageHandler(String.class, text -> obey(session, text));
    session.addMessageHandler(ByteBuffer.class, bytes -> quietly(() -> session.getBasicRemote().sendBinary(bytes)));
    session.addMessageHandler(PongMessage.class, pong -> {
      var data = java.nio.charset.StandardCharsets.UTF_8.decode(pong.getApplicationData()).toString();
      if (!data.isEmpty()) quietly(() -> session.getBasicRemote().sendText("pong " + data));
    });
  }

  static class Deflate implements Extension {
    @Override
    public String getName() {
      return "permessage-deflate";
    }

    @Override
    public List<Parameter> getParameters() {
      return List.of();
    }
  }

  interface Step {
    void run() throws Exception;
  }

  static void quietly(Step step) {
    try {
      step.run();
    } catch (Exception ignored) {
    }
  }

  void obey(Session session, String text) {
    var remote = session.getBasicRemote();
    try {
      if (!text.startsWith("!")) {
        remote.sendText(text);
        return;
      }
      var words = text.substring(1).split(" ", 3);
      switch (words[0]) {
        case "close":
          if (words.length == 1) session.close();
          else session.close(new CloseReason(CloseReason.CloseCodes.getCloseCode(Integer.parseInt(words[1])),
              words.length > 2 ? words[2] : ""));
          break;
        case "ping":
          remote.sendPing(ByteBuffer.wrap(words[1].getBytes()));
          break;
        case "fragments":
          remote.sendText("one ", false);
          remote.sendText("two ", false);
          remote.sendText("three", true);
          break;
        case "protocol":
          remote.sendText(session.getNegotiatedSubprotocol());
          break;
        default:
          remote.sendText("can't");
      }
    } catch (Exception error) {
      quietly(() -> remote.sendText("can't"));
    }
  }

  @Override
  public void onClose(Session session, CloseReason reason) {
    System.out.println("closed " + reason.getCloseCode().getCode() + " " + reason.getReasonPhrase());
    if (over[0] != null) over[0].countDown();
  }

  @Override
  public void onError(Session session, Throwable error) {}
}

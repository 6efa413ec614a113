// Qt WebSockets, both roles: g++ -fPIC qt.cpp $(pkg-config --cflags --libs Qt5WebSockets)
#include <QtCore/QCoreApplication>
#include <QtCore/QTimer>
#include <QtNetwork/QNetworkRequest>
#include <QtWebSockets/QWebSocket>
#include <QtWebSockets/QWebSocketServer>
#if QT_VERSION >= QT_VERSION_CHECK(6, 4, 0)
#include <QtWebSockets/QWebSocketHandshakeOptions>
#endif
#include <cstdio>

static QStringList protocols;

static void say(const QString &line) {
  std::puts(line.toUtf8().constData());
  std::fflush(stdout);
}

static void serve(QWebSocket *socket) {
  const quint64 limit = qgetenv("LIMIT").toULongLong();
#if QT_VERSION >= QT_VERSION_CHECK(5, 15, 0)
  socket->setMaxAllowedIncomingMessageSize(limit);
#endif
  QObject::connect(socket, &QWebSocket::binaryMessageReceived, [=](const QByteArray &bytes) { socket->sendBinaryMessage(bytes); });
  QObject::connect(socket, &QWebSocket::pong, [=](quint64, const QByteArray &data) {
    if (!data.isEmpty()) socket->sendTextMessage("pong " + QString::fromUtf8(data));
  });
  QObject::connect(socket, &QWebSocket::textMessageReceived, [=](const QString &text) {
    if (!text.startsWith('!')) return void(socket->sendTextMessage(text));
    const QString command = text.mid(1).section(' ', 0, 0), rest = text.section(' ', 1);
    if (command == "close" && rest.isEmpty()) return void(socket->sendTextMessage("can't"));
    if (command == "close") return socket->close(QWebSocketProtocol::CloseCode(rest.section(' ', 0, 0).toInt()), rest.section(' ', 1));
    if (command == "ping") return socket->ping(rest.toUtf8());
    if (command == "abort") return socket->abort();
#if QT_VERSION >= QT_VERSION_CHECK(6, 4, 0)
    if (command == "protocol") return void(socket->sendTextMessage(socket->subprotocol()));
#endif
    socket->sendTextMessage("can't");
  });
  QObject::connect(socket, &QWebSocket::disconnected, [=] {
    say(QString("closed %1 %2").arg(int(socket->closeCode())).arg(socket->closeReason()));
    socket->deleteLater();
  });
}

static void dial(const QUrl &url) {
  auto *socket = new QWebSocket;
  serve(socket);
  QObject::connect(socket, &QWebSocket::disconnected, [=] { QTimer::singleShot(0, [=] { dial(url); }); });
#if QT_VERSION >= QT_VERSION_CHECK(6, 4, 0)
  QWebSocketHandshakeOptions options;
  options.setSubprotocols(protocols);
  socket->open(url, options);
#else
  QNetworkRequest request(url);
  if (!protocols.isEmpty()) request.setRawHeader("Sec-WebSocket-Protocol", protocols.join(", ").toUtf8());
  socket->open(request);
#endif
}

int main(int argc, char **argv) {
  QCoreApplication app(argc, argv);
  const QString names = qEnvironmentVariable("PROTOCOLS");
  if (!names.isEmpty()) protocols = names.split(',');
  if (QString(argv[1]) == "client") {
    dial(QUrl(argv[2]));
    return app.exec();
  }
  QWebSocketServer server("peer", QWebSocketServer::NonSecureMode);
#if QT_VERSION >= QT_VERSION_CHECK(6, 4, 0)
  server.setSupportedSubprotocols(protocols);
#endif
  server.listen(QHostAddress::LocalHost);
  QObject::connect(&server, &QWebSocketServer::newConnection, [&] { serve(server.nextPendingConnection()); });
  say(QString("port %1").arg(server.serverPort()));
  return app.exec();
}

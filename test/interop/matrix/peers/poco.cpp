// Poco::Net::WebSocket, both roles: g++ poco.cpp -lPocoNet -lPocoFoundation
#include <Poco/Buffer.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/WebSocket.h>
#include <Poco/URI.h>
#include <Poco/Thread.h>
#include <cstdlib>
#include <iostream>
#include <sstream>

using namespace Poco::Net;

static const char *names = std::getenv("PROTOCOLS") ? std::getenv("PROTOCOLS") : "";

static void talk(WebSocket &ws, const std::string &protocol) {
  ws.setMaxPayloadSize(std::atoi(std::getenv("LIMIT")));
  ws.setReceiveTimeout(Poco::Timespan(600, 0));
  Poco::Buffer<char> message(0);
  int kind = 0;
  int code = 1006;
  std::string reason;
  try {
    for (;;) {
      Poco::Buffer<char> buffer(0);
      int flags = 0;
      int length = ws.receiveFrame(buffer, flags);
      int opcode = flags & WebSocket::FRAME_OP_BITMASK;
      if (length <= 0 && flags == 0) break;
      if (opcode == WebSocket::FRAME_OP_CLOSE) {
        code = length >= 2 ? (unsigned char)buffer[0] << 8 | (unsigned char)buffer[1] : 1005;
        if (length > 2) reason.assign(buffer.begin() + 2, length - 2);
        ws.sendFrame(buffer.begin(), length, WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_CLOSE);
        break;
      }
      if (opcode == WebSocket::FRAME_OP_PING) {
        ws.sendFrame(buffer.begin(), length, WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_PONG);
        continue;
      }
      if (opcode == WebSocket::FRAME_OP_PONG) {
        if (length == 0) continue;
        std::string text = "pong " + std::string(buffer.begin(), length);
        ws.sendFrame(text.data(), int(text.size()));
        continue;
      }
      if (opcode != WebSocket::FRAME_OP_CONT) kind = opcode;
      message.append(buffer.begin(), length);
      if (!(flags & WebSocket::FRAME_FLAG_FIN)) continue;
      std::string text(message.begin(), message.size());
      message.resize(0);
      if (kind != WebSocket::FRAME_OP_TEXT || text.empty() || text[0] != '!') {
        ws.sendFrame(text.data(), int(text.size()), WebSocket::FRAME_FLAG_FIN | kind);
        continue;
      }
      std::istringstream words(text.substr(1));
      std::string command, rest;
      words >> command;
      std::getline(words >> std::ws, rest);
      if (command == "close") {
        std::istringstream how(rest);
        int number = 0;
        std::string why;
        how >> number;
        std::getline(how >> std::ws, why);
        if (number == 0) ws.sendFrame("", 0, WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_CLOSE);
        else ws.shutdown(Poco::UInt16(number), why);
        Poco::Buffer<char> answer(0);
        ws.receiveFrame(answer, flags);
        break;
      } else if (command == "ping") ws.sendFrame(rest.data(), int(rest.size()), WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_PING);
      else if (command == "fragments") {
        ws.sendFrame("one ", 4, WebSocket::FRAME_OP_TEXT);
        ws.sendFrame("two ", 4, WebSocket::FRAME_OP_CONT);
        ws.sendFrame("three", 5, WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_CONT);
      } else if (command == "protocol") ws.sendFrame(protocol.data(), int(protocol.size()));
      else if (command == "abort") break;
      else ws.sendFrame("can't", 5);
    }
  } catch (const Poco::Exception &) {
  }
  std::cout << "closed " << code << " " << reason << std::endl;
}

struct Handler : HTTPRequestHandler {
  void handleRequest(HTTPServerRequest &request, HTTPServerResponse &response) override {
    try {
      std::string offered = request.get("Sec-WebSocket-Protocol", ""), chosen;
      if (*names && offered.find(names) != std::string::npos) response.set("Sec-WebSocket-Protocol", chosen = names);
      WebSocket ws(request, response);
      talk(ws, chosen);
    } catch (const Poco::Exception &) {
    }
  }
};

struct Factory : HTTPRequestHandlerFactory {
  HTTPRequestHandler *createRequestHandler(const HTTPServerRequest &) override { return new Handler; }
};

int main(int, char **arguments) {
  if (std::string(arguments[1]) == "server") {
    ServerSocket socket(SocketAddress("127.0.0.1", 0));
    HTTPServer server(new Factory, socket, new HTTPServerParams);
    server.start();
    std::cout << "port " << socket.address().port() << std::endl;
    for (;;) Poco::Thread::sleep(100000);
  }
  Poco::URI uri(arguments[2]);
  for (;;) {
    try {
      HTTPClientSession session(uri.getHost(), uri.getPort());
      HTTPRequest request(HTTPRequest::HTTP_GET, "/", HTTPMessage::HTTP_1_1);
      if (*names) request.set("Sec-WebSocket-Protocol", names);
      HTTPResponse response;
      WebSocket ws(session, request, response);
      talk(ws, response.get("Sec-WebSocket-Protocol", ""));
    } catch (const Poco::Exception &) {
      Poco::Thread::sleep(200);
    }
  }
}

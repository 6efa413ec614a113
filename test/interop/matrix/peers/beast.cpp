// Boost.Beast, both roles, a thread a connection: g++ beast.cpp -lpthread
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <thread>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using Stream = websocket::stream<tcp::socket>;

static std::string names() { return std::getenv("PROTOCOLS") ? std::getenv("PROTOCOLS") : ""; }

static void talk(Stream &ws, const std::string &protocol) {
  auto echo = [&](const std::string &text) {
    ws.text(true);
    ws.write(asio::buffer(text));
  };
  ws.control_callback([&](websocket::frame_type kind, beast::string_view data) {
    if (kind == websocket::frame_type::pong && !data.empty()) echo("pong " + std::string(data));
  });
  ws.read_message_max(std::atol(std::getenv("LIMIT")));
  beast::error_code error;
  for (;;) {
    beast::flat_buffer buffer;
    ws.read(buffer, error);
    if (error) break;
    std::string text = beast::buffers_to_string(buffer.data());
    if (!ws.got_text() || text.empty() || text[0] != '!') {
      ws.text(ws.got_text());
      ws.write(buffer.data(), error);
      continue;
    }
    std::istringstream words(text.substr(1));
    std::string command, rest;
    words >> command;
    std::getline(words >> std::ws, rest);
    if (command == "close") {
      int code = 0;
      std::string reason;
      std::istringstream how(rest);
      how >> code;
      std::getline(how >> std::ws, reason);
      if (code == 0) ws.close(websocket::close_reason(), error);
      else ws.close(websocket::close_reason(websocket::close_code(code), reason), error);
      break;
    } else if (command == "ping") ws.ping(websocket::ping_data(rest), error);
    else if (command == "fragments") {
      ws.text(true);
      ws.write_some(false, asio::buffer("one ", 4), error);
      ws.write_some(false, asio::buffer("two ", 4), error);
      ws.write_some(true, asio::buffer("three", 5), error);
    } else if (command == "protocol") echo(protocol);
    else if (command == "abort") {
      ws.next_layer().close(error);
      break;
    } else echo("can't");
  }
  int code = error == websocket::error::closed ? int(ws.reason().code) : 1006;
  if (error == websocket::error::closed && code == 0) code = 1005;
  std::cout << "closed " << code << " " << std::string(ws.reason().reason.c_str()) << std::endl;
}

static websocket::permessage_deflate deflate() {
  websocket::permessage_deflate options;
  options.client_enable = options.server_enable = true;
  return options;
}

static void serve(tcp::socket socket) {
  try {
    beast::flat_buffer buffer;
    beast::http::request<beast::http::string_body> request;
    beast::http::read(socket, buffer, request);
    std::string offered(request[beast::http::field::sec_websocket_protocol]), chosen;
    std::istringstream known(names());
    for (std::string name; std::getline(known, name, ',');)
      if (offered.find(name) != std::string::npos) chosen = name;
    Stream ws(std::move(socket));
    ws.set_option(deflate());
    ws.set_option(websocket::stream_base::decorator([&](websocket::response_type &response) {
      if (!chosen.empty()) response.set(beast::http::field::sec_websocket_protocol, chosen);
    }));
    ws.accept(request);
    talk(ws, chosen);
  } catch (const std::exception &) {
  }
}

int main(int, char **arguments) {
  asio::io_context io;
  if (std::string(arguments[1]) == "server") {
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    std::cout << "port " << acceptor.local_endpoint().port() << std::endl;
    for (;;) std::thread(serve, acceptor.accept()).detach();
  }
  std::string port = std::string(arguments[2]).substr(15);
  port = port.substr(0, port.find('/'));
  for (;;) {
    try {
      Stream ws(io);
      ws.next_layer().connect(tcp::endpoint(asio::ip::make_address("127.0.0.1"), std::atoi(port.c_str())));
      ws.set_option(deflate());
      ws.set_option(websocket::stream_base::decorator([&](websocket::request_type &request) {
        if (!names().empty()) request.set(beast::http::field::sec_websocket_protocol, names());
      }));
      websocket::response_type response;
      ws.handshake(response, "127.0.0.1:" + port, "/");
      talk(ws, std::string(response[beast::http::field::sec_websocket_protocol]));
    } catch (const std::exception &) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }
}

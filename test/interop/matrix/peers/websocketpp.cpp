// WebSocket++, both roles: g++ websocketpp.cpp -lpthread
#include <cstdlib>
#include <iostream>
#include <websocketpp/client.hpp>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/config/asio_no_tls_client.hpp>
#include <websocketpp/server.hpp>

template <typename Endpoint> void serve(Endpoint &endpoint) {
  endpoint.clear_access_channels(websocketpp::log::alevel::all);
  endpoint.clear_error_channels(websocketpp::log::elevel::all);
  endpoint.set_max_message_size(std::atol(std::getenv("LIMIT")));
  endpoint.init_asio();
  endpoint.set_message_handler([&](websocketpp::connection_hdl hdl, typename Endpoint::message_ptr message) {
    const std::string &text = message->get_payload();
    if (message->get_opcode() != websocketpp::frame::opcode::text || text.empty() || text[0] != '!') {
      endpoint.send(hdl, text, message->get_opcode());
      return;
    }
    std::string command = text.substr(1, text.find(' ') - 1);
    std::string rest = text.find(' ') == std::string::npos ? "" : text.substr(text.find(' ') + 1);
    websocketpp::lib::error_code error;
    if (command == "close") {
      std::string reason = rest.find(' ') == std::string::npos ? "" : rest.substr(rest.find(' ') + 1);
      endpoint.close(hdl, rest.empty() ? 1005 : std::atoi(rest.c_str()), reason, error);
      if (error) endpoint.send(hdl, "can't", websocketpp::frame::opcode::text);
    } else if (command == "ping") {
      endpoint.ping(hdl, rest);
    } else if (command == "protocol") {
      endpoint.send(hdl, endpoint.get_con_from_hdl(hdl)->get_subprotocol(), websocketpp::frame::opcode::text);
    } else if (command == "abort") {
      endpoint.get_con_from_hdl(hdl)->get_raw_socket().close();
    } else {
      endpoint.send(hdl, "can't", websocketpp::frame::opcode::text);
    }
  });
  endpoint.set_pong_handler([&](websocketpp::connection_hdl hdl, std::string data) {
    if (!data.empty()) endpoint.send(hdl, "pong " + data, websocketpp::frame::opcode::text);
  });
}

std::vector<std::string> protocols() {
  std::vector<std::string> names;
  std::stringstream list(std::getenv("PROTOCOLS") ? std::getenv("PROTOCOLS") : "");
  for (std::string name; std::getline(list, name, ',');) names.push_back(name);
  return names;
}

template <typename Endpoint> void tell(Endpoint &endpoint, websocketpp::connection_hdl hdl) {
  auto connection = endpoint.get_con_from_hdl(hdl);
  std::cout << "closed " << connection->get_remote_close_code() << " " << connection->get_remote_close_reason() << std::endl;
}

int main(int, char **arguments) {
  if (std::string(arguments[1]) == "client") {
    using Client = websocketpp::client<websocketpp::config::asio_client>;
    for (;;) {
      Client client;
      serve(client);
      client.set_close_handler([&](websocketpp::connection_hdl hdl) { tell(client, hdl); });
      websocketpp::lib::error_code error;
      auto connection = client.get_connection(arguments[2], error);
      for (auto &name : protocols()) connection->add_subprotocol(name);
      client.connect(connection);
      client.run();
    }
  }
  using Server = websocketpp::server<websocketpp::config::asio>;
  Server server;
  serve(server);
  server.set_close_handler([&](websocketpp::connection_hdl hdl) { tell(server, hdl); });
  server.set_validate_handler([&](websocketpp::connection_hdl hdl) {
    auto connection = server.get_con_from_hdl(hdl);
    for (auto &known : protocols())
      for (auto &offered : connection->get_requested_subprotocols())
        if (known == offered) {
          connection->select_subprotocol(known);
          return true;
        }
    return true;
  });
  server.listen(boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  websocketpp::lib::asio::error_code error;
  std::cout << "port " << server.get_local_endpoint(error).port() << std::endl;
  server.start_accept();
  server.run();
}

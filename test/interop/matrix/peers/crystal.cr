# HTTP::WebSocket of Crystal's standard library: crystal server|client URL. It can't end TCP, and knows no limit.
require "http/server"
require "http/web_socket"

KNOWN = ENV.fetch("PROTOCOLS", "").split(',', remove_empty: true)
STDOUT.sync = true

# Chooses the subprotocol: the handler of the library does not.
class Choice
  include HTTP::Handler

  def call(context)
    offered = context.request.headers["Sec-WebSocket-Protocol"]?.try(&.split(/, */)) || [] of String
    chosen = KNOWN.find { |name| offered.includes? name }
    context.response.headers["Sec-WebSocket-Protocol"] = chosen if chosen
    call_next context
  end
end

def serve(socket : HTTP::WebSocket, selected : String)
  pinged = nil
  socket.on_binary { |bytes| socket.send bytes }
  socket.on_pong { |data| socket.send "pong #{data}" if data == pinged }
  socket.on_close { |code, reason| puts "closed #{code.value} #{reason}" }
  socket.on_message do |message|
    name, _, rest = message.lchop('!').partition(' ')
    if !message.starts_with? '!'
      socket.send message
    elsif name == "close" && rest.empty?
      socket.close
    elsif name == "close"
      code, _, reason = rest.partition(' ')
      socket.close HTTP::WebSocket::CloseCode.new(code.to_i), reason
    elsif name == "ping"
      pinged = rest
      socket.ping rest
    elsif name == "fragments"
      socket.stream(binary: false, frame_size: 5) { |io| io << "one two three" }
    elsif name == "protocol"
      socket.send selected
    else
      socket.send "can't"
    end
  end
end

if ARGV[0] == "server"
  handler = HTTP::WebSocketHandler.new { |socket, context| serve socket, context.response.headers["Sec-WebSocket-Protocol"]? || "" }
  server = HTTP::Server.new [Choice.new, handler]
  puts "port #{server.bind_tcp("127.0.0.1", 0).port}"
  server.listen
else
  loop do
    headers = HTTP::Headers.new
    headers["Sec-WebSocket-Protocol"] = KNOWN.join(", ") unless KNOWN.empty?
    socket = HTTP::WebSocket.new URI.parse(ARGV[1]), headers
    serve socket, KNOWN.first? || ""
    socket.run
  rescue error : IO::Error | Socket::Error
    sleep 20.milliseconds
  end
end

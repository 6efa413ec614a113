require 'eventmachine'
require 'faye/websocket'

$stdout.sync = true
protocols = (ENV['PROTOCOLS'] || '').split(',')

def serve(ws, again)
  ws.on(:close) { |event| puts "closed #{event.code} #{event.reason}"; again.call }
  ws.on(:message) do |event|
    data = event.data
    next ws.send(data) unless data.is_a?(String) && data.start_with?('!')
    command, rest = data[1..].split(' ', 2)
    if command == 'close'
      code, reason = (rest || '').split(' ', 2)
      code ? ws.close(code.to_i, reason || '') : ws.close
    elsif command == 'ping' then ws.ping(rest) { ws.send("pong #{rest}") }
    elsif command == 'protocol' then ws.send(ws.protocol || '')
    else ws.send("can't")
    end
  end
end

EM.run do
  connect = lambda do
    ws = Faye::WebSocket::Client.new(ARGV[1], protocols, max_length: ENV['LIMIT'].to_i)
    serve(ws, -> { EM.add_timer(0.05) { connect.call } })
  end
  connect.call
end

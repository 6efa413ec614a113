require 'em-websocket'

$stdout.sync = true
limit = ENV['LIMIT'].to_i
protocols = (ENV['PROTOCOLS'] || '').split(',')

EM.run do
  server = EM::WebSocket.run(host: '127.0.0.1', port: 0) do |ws|
    ws.max_frame_size = limit
    chosen = nil
    ws.onopen do |handshake|
      offered = (handshake.headers['Sec-WebSocket-Protocol'] || '').split(/,\s*/)
      chosen = (offered & protocols).first
    end
    ws.onclose { |event| puts "closed #{event[:code]} #{event[:reason]}" }
    ws.onerror { |error| warn error.message }
    ws.onbinary { |data| ws.send_binary(data) }
    ws.onpong { |data| ws.send("pong #{data}") unless data.empty? }
    ws.onmessage do |text|
      command, rest = text[1..].to_s.split(' ', 2)
      if !text.start_with?('!') then ws.send(text)
      elsif command == 'close'
        code, reason = (rest || '').split(' ', 2)
        code ? ws.close(code.to_i, reason) : ws.close
      elsif command == 'ping' then ws.ping(rest)
      elsif command == 'protocol' then ws.send(chosen || '')
      elsif command == 'abort' then ws.close_connection
      else ws.send("can't")
      end
    end
  end
  puts "port #{Socket.unpack_sockaddr_in(EM.get_sockname(server))[0]}"
end

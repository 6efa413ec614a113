# websocket-driver over a plain socket, both roles: websocket-driver-peer.rb server|client URL
require 'socket'
require 'uri'
require 'websocket/driver'

$stdout.sync = true
PROTOCOLS = (ENV['PROTOCOLS'] || '').split(',')

Wire = Struct.new(:io, :url) do
  def write(bytes)
    io.write(bytes)
  rescue SystemCallError, IOError
    nil
  end
end

def serve(driver, io)
  driver.on(:message) do |event|
    data = event.data
    if data.is_a?(String) && data.start_with?('!')
      command, rest = data[1..].split(' ', 2)
      case command
      when 'close'
        code, reason = (rest || '').split(' ', 2)
        code ? driver.close(reason || '', code.to_i) : driver.close
      when 'ping' then driver.ping(rest) { driver.text("pong #{rest}") }
      when 'protocol' then driver.text(driver.protocol || '')
      when 'abort' then io.close
      else driver.text("can't")
      end
    elsif data.is_a?(String) then driver.text(data)
    else driver.binary(data)
    end
  end
  over = false
  driver.on(:close) do |event|
    over = true
    puts "closed #{event.code} #{event.reason}"
  end
  driver.on(:connect) { driver.start } unless driver.is_a?(WebSocket::Driver::Client)
  driver.start if driver.is_a?(WebSocket::Driver::Client)
  until over
    bytes = io.readpartial(65_536)
    driver.parse(bytes)
  end
rescue SystemCallError, IOError
  puts 'closed 1006' unless over
ensure
  io.close
end

limit = { max_length: ENV['LIMIT'].to_i, protocols: PROTOCOLS }
if ARGV[0] == 'server'
  server = TCPServer.new('127.0.0.1', 0)
  puts "port #{server.addr[1]}"
  loop do
    io = server.accept
    Thread.new { serve(WebSocket::Driver.server(Wire.new(io), limit), io) }
  end
end
uri = URI(ARGV[1])
loop do
  io = TCPSocket.new(uri.host, uri.port)
  serve(WebSocket::Driver.client(Wire.new(io, ARGV[1]), limit), io)
end

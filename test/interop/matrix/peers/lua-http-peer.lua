-- lua-http, both roles: lua5.1 lua-http-peer.lua server|client URL
local websocket = require 'http.websocket'
local http_server = require 'http.server'
local http_headers = require 'http.headers'
local cqueues = require 'cqueues'

io.stdout:setvbuf('line')
local protocols = {}
for name in (os.getenv('PROTOCOLS') or ''):gmatch('[^,]+') do protocols[#protocols + 1] = name end

local function serve(ws)
  while true do
    local data, kind = ws:receive()
    if data == nil then break end
    local command, rest = data:match('^!(%S*) ?(.*)$')
    if kind ~= 'text' or command == nil then
      ws:send(data, kind)
    elseif command == 'close' then
      local code, reason = rest:match('^(%d+) ?(.*)$')
      if code then ws:close(tonumber(code), reason) else ws:close() end
      break
    elseif command == 'ping' then
      ws:send_ping(rest)
      ws:send("can't")
    elseif command == 'protocol' then
      ws:send(ws.protocol or '')
    elseif command == 'abort' then
      ws.socket:shutdown()
    else
      ws:send("can't")
    end
  end
  print('closed ' .. tostring(ws.got_close_code or 1006))
  ws:close()
end

if arg[1] == 'client' then
  while true do
    local ws = websocket.new_from_uri(arg[2], #protocols > 0 and protocols or nil)
    if ws:connect(5) then serve(ws) end
  end
end

local server = http_server.listen {
  host = '127.0.0.1',
  port = 0,
  onstream = function(_, stream)
    local headers = stream:get_headers()
    local ws = websocket.new_from_stream(stream, headers)
    if not ws then
      local answer = http_headers.new()
      answer:append(':status', '400')
      return stream:write_headers(answer, true)
    end
    if ws:accept { protocols = #protocols > 0 and protocols or nil } then serve(ws) end
  end,
  onerror = function() end,
}
assert(server:listen())
print('port ' .. select(3, server:localname()))
assert(server:loop())

/**
 * The scripts. A topic has three kinds of keys under one hash tag: `:m` says "epoch offset stamp" of its newest message, `:s` is
 * a stream whose ids are the offsets, `:k:…` remember keys of publishes.
 */

/**
 * KEYS: m, s, [k]. ARGV: flags, stamp, data, a new epoch, history, ttl, m’s ttl, k’s ttl, channel, PUBLISH or SPUBLISH. What was kept
 * before a message that is not kept is of no use: there would be a hole in it.
 */
export const PUBLISH = `
if KEYS[3] then
  local done = redis.call('GET', KEYS[3])
  if done then return '=' .. done end
end
local meta = redis.call('GET', KEYS[1])
local epoch, last, after
if meta then epoch, last, after = string.match(meta, '^(%w+) (%d+) (%w*)$') end
if not epoch then
  epoch, last, after = ARGV[4], '0', ''
  redis.call('DEL', KEYS[2])
end
local offset = string.format('%.0f', tonumber(last) + 1)
local place = epoch .. ' ' .. offset .. ' ' .. ARGV[2]
local payload = ARGV[1] .. ' ' .. place .. ' ' .. after .. '\\n' .. ARGV[3]
redis.call('SET', KEYS[1], place, 'PX', ARGV[7])
if ARGV[5] ~= '0' then
  redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[5], offset .. '-0', 'd', payload)
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
else
  redis.call('DEL', KEYS[2])
end
if KEYS[3] then redis.call('SET', KEYS[3], place .. ' ' .. after, 'PX', ARGV[8]) end
redis.call(ARGV[10], ARGV[9], payload)
return '+' .. place .. ' ' .. after
`;

/** KEYS: any number of m. ARGV: a new epoch, m's ttl. A topic that has none gets one: what is lost later is noticed by it. */
export const HEADS = `
local heads = {}
for i, key in ipairs(KEYS) do
  local meta = redis.call('GET', key)
  if not meta then
    meta = ARGV[1] .. i .. ' 0 '
    redis.call('SET', key, meta, 'PX', ARGV[2])
  end
  heads[i] = meta
end
return heads
`;

/** KEYS: m, s. ARGV: limit, bytes, a new epoch, m's ttl, and, where there is a place to go on from, its epoch, offset and stamp. */
export const HISTORY = `
local meta = redis.call('GET', KEYS[1])
if not meta then
  meta = ARGV[3] .. ' 0 '
  redis.call('SET', KEYS[1], meta, 'PX', ARGV[4])
  redis.call('DEL', KEYS[2])
end
local epoch, lastText, stamp = string.match(meta, '^(%w+) (%d+) (%w*)$')
local last = tonumber(lastText)
local oldest = last + 1
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
if first then oldest = tonumber(string.match(first[1], '^%d+')) end
local hole, from = '', '0'
if ARGV[5] then
  local since = tonumber(ARGV[6])
  if ARGV[5] ~= epoch then hole = 'forgotten'
  else
    from = ARGV[6]
    if since > last then hole = 'rewritten'
    elseif since + 1 < oldest then hole = 'trimmed'
    elseif ARGV[7] ~= '' then
      local there = ARGV[7]
      if since == last then there = stamp
      elseif since >= oldest then
        local entry = redis.call('XRANGE', KEYS[2], from .. '-0', from .. '-0')[1]
        there = entry and string.match(entry[2][2], '^%S+ %S+ %S+ (%w*)') or ''
      end
      if there ~= ARGV[7] then hole = 'rewritten' end
    end
  end
end
local page, bytes, limit, more = {}, 0, tonumber(ARGV[1]), '0'
while #page < limit and bytes < tonumber(ARGV[2]) do
  local some = redis.call('XRANGE', KEYS[2], '(' .. from .. '-0', '+', 'COUNT', math.min(64, limit - #page))
  if #some == 0 then break end
  for _, entry in ipairs(some) do
    from = string.match(entry[1], '^%d+')
    page[#page + 1] = entry[2][2]
    bytes = bytes + #entry[2][2]
    if bytes >= tonumber(ARGV[2]) then break end
  end
end
if #page > 0 and redis.call('XRANGE', KEYS[2], '(' .. from .. '-0', '+', 'COUNT', 1)[1] then more = '1' end
return { meta, hole, more, page }
`;

export const SCRIPTS: readonly string[] = [PUBLISH, HEADS, HISTORY];

// What has to happen at one moment in Redis, in Lua. Each script names all its keys, and all of a room's keys share a
// hash tag, so that a cluster keeps them together.
//
//   turns        stream: a turn as {"first", "at", "after", "tag", "entries"}, under the id LAST-0 with the number of its
//                last event. Each names the one before it, so that nobody can go on with another past than it has read.
//   facts        hash: what is so now
//   meta         hash: epoch, seq (the last event), tail (the tag of its turn), generation and generationAt (of said), and for each server under its
//                own name what its last batch came to, since it may have to ask twice
//   said:N       hash: "author id" → seq, for one generation of as many events as are kept
//   servers      sorted set: server → when it was last heard of, milliseconds since 1970

/** A turn in the stream is no longer than that, so that none is long to read. */
const turnEvents = 250;
/** However few are to be kept, so many are, for the servers that have yet to read them. */
const unreadEvents = 10_000;
/** The stream is trimmed when its last number passes a multiple of this: not in every turn. */
const trimEvents = 64;

/**
 * Appends a batch. KEYS: turns, facts, meta, said (without its generation).
 * ARGV: the server, its batch, events to keep, the epoch, the last event it has read and the tag of its turn; then for each entry the entry,
 * "author id" if it has one, and the facts it expects and brings: JSON arrays of [key, value or false], or nothing.
 * Answers with the fate of each entry ("t" taken, "c" contradicted, or the number it has had before), the last number,
 * the time and the tag before it, or with nothing if Redis has lost what this server has read.
 */
export const append = `
local turns, facts, meta, said = unpack(KEYS)
local server, batch, keep, epoch, position, read = unpack(ARGV, 1, 6)
local state = redis.call('HMGET', meta, 'seq', 'generation', 'generationAt', 'epoch', 'tail', server)
if state[6] then
  local before, fates, last, at, after = string.match(state[6], '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
  -- An older one has come late, over a connection that was given up: it was asked for again, and nobody waits here.
  if tonumber(before) >= tonumber(batch) then return {fates, last, at, after} end
end
local begin, generation, generationAt = tonumber(state[1] or 0), tonumber(state[2] or 0), tonumber(state[3] or 0)
local last = begin
keep = tonumber(keep)
local after, tag = state[5] or '-', server .. '-' .. batch
if state[4] ~= epoch or last < tonumber(position) then return false end
if last == tonumber(position) and after ~= read then return false end

-- What fails has to fail before anything is written.
redis.call('XLEN', turns)
redis.call('HLEN', facts)

local function holds(expected)
  if expected == '' then return true end
  for _, fact in ipairs(cjson.decode(expected)) do
    if redis.call('HGET', facts, fact[1]) ~= fact[2] then return false end
  end
  return true
end

local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
local taken, fates, tail = {}, {}, after
local function flush()
  if #taken == 0 then return end
  local head = string.format('{"first":%d,"at":%d,"after":"%s","tag":"%s","entries":[', last - #taken + 1, at, tail, tag)
  redis.call('XADD', turns, last .. '-0', 'turn', head .. table.concat(taken, ',') .. ']}')
  taken, tail = {}, tag
end

for i = 7, #ARGV, 4 do
  local entry, id, expected, brought = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local seq = id ~= '' and (redis.call('HGET', said .. generation, id) or redis.call('HGET', said .. generation - 1, id))
  if seq then
    fates[#fates + 1] = seq
  elseif not holds(expected) then
    fates[#fates + 1] = 'c'
  else
    last = last + 1
    fates[#fates + 1] = 't'
    taken[#taken + 1] = entry
    if id ~= '' then redis.call('HSET', said .. generation, id, last) end
    if brought ~= '' then
      for _, fact in ipairs(cjson.decode(brought)) do
        if fact[2] then redis.call('HSET', facts, fact[1], fact[2]) else redis.call('HDEL', facts, fact[1]) end
      end
    end
    if #taken == ${turnEvents} then flush() end
  end
end
flush()

if last - generationAt >= keep then
  redis.call('UNLINK', said .. generation - 1)
  generation, generationAt = generation + 1, last
  redis.call('HSET', meta, 'generation', generation, 'generationAt', generationAt)
end
if math.floor(last / ${trimEvents}) > math.floor(begin / ${trimEvents}) then
  redis.call('XTRIM', turns, 'MINID', '~', math.max(last - math.max(keep, ${unreadEvents}) + 1, 0))
end
local outcome = {table.concat(fates, ','), last, string.format('%d', at), after}
redis.call('HSET', meta, 'seq', last, 'tail', tail, server, batch .. ' ' .. table.concat(outcome, ' '))
return outcome
`;

/**
 * Opens the room. KEYS: turns, facts, meta. ARGV: an epoch, if it has none yet.
 * Answers with the epoch, the last number, the tag of its turn, the oldest turn kept (nothing if there is none), and
 * the facts.
 */
export const open = `
local turns, facts, meta = unpack(KEYS)
redis.call('HSETNX', meta, 'epoch', ARGV[1])
local oldest = redis.call('XRANGE', turns, '-', '+', 'COUNT', 1)[1]
return {
  redis.call('HGET', meta, 'epoch'),
  redis.call('HGET', meta, 'seq') or '0',
  redis.call('HGET', meta, 'tail') or '-',
  oldest and oldest[2][2] or '',
  redis.call('HGETALL', facts),
}
`;

/**
 * Says that a server is there. KEYS: meta, servers, turns, facts. ARGV: the server, after how many milliseconds one is forgotten.
 * Answers with the epoch, the last number, the tag of its turn, and each server with its time.
 */
export const heartbeat = `
local meta, servers, turns, facts = unpack(KEYS)
redis.call('XLEN', turns)
redis.call('HLEN', facts)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', servers, now, ARGV[1])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', servers, '-inf', now - ARGV[2])) do
  redis.call('ZREM', servers, gone)
  redis.call('HDEL', meta, gone)
end
return {
  redis.call('HGET', meta, 'epoch') or '',
  redis.call('HGET', meta, 'seq') or '0',
  redis.call('HGET', meta, 'tail') or '-',
  redis.call('ZRANGE', servers, 0, -1, 'WITHSCORES'),
}
`;

/** Says that a server is gone. KEYS: meta, servers. ARGV: the server. */
export const farewell = `
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
`;

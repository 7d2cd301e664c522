// What Redis does in one step, in Lua. Every key is below one hash tag, so that a call's quotas, however many levels
// they come from, lie in one slot of a cluster and can be taken together.
//
// The roll is a hash with a field for each process: `session:seen:declared`. A session is one connection's worth of
// bookkeeping; whatever an abandoned connection had still under way finds its session gone, and changes nothing.
//
// A quota is a hash:
//   t        settled use of all pieces that still count
//   o        number of the oldest piece in t
//   h        what each process holds: `process:held:idle,...`, idle being the part that no call has been given yet
//   b<n>     settled use in piece n, u<n> the same by process: `process:amount,...`
// What a process reports of its pieces is absolute, so telling it again, to this Redis or to an empty one, changes nothing.
//
// Numbers pass as text of seventeen digits: Lua would cut the fractions of a cent off, and write large numbers as 1e+15.

const PRELUDE = `
local me, session, now, dead = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function text(number)
  return string.format('%.17g', number)
end

-- Who is there, and how many; nil when this session is not, or no longer, the one on the roll.
local function muster()
  local entries = redis.call('HGETALL', KEYS[1])
  local live, count, known = {}, 0, false
  for i = 1, #entries, 2 do
    local theirs, seen = string.match(entries[i + 1], '^(%d+):(%d+):')
    if entries[i] == me then known = tonumber(theirs) == session end
    if entries[i] == me or tonumber(seen) + dead > now then
      live[entries[i]] = true
      count = count + 1
    end
  end
  if not known then return nil, 0 end
  return live, count
end
`;

const QUOTAS = `
local function forget(quota, pieces)
  for from = 1, #pieces, 1000 do
    local fields = {}
    for i = from, math.min(from + 999, #pieces) do
      fields[#fields + 1] = 'b' .. pieces[i]
      fields[#fields + 1] = 'u' .. pieces[i]
    end
    local amounts = redis.call('HMGET', quota.key, unpack(fields))
    for i = 1, #fields, 2 do
      if amounts[i] then quota.total = quota.total - tonumber(amounts[i]) end
    end
    redis.call('HDEL', quota.key, unpack(fields))
  end
end

-- Lets go of the pieces before the first that still counts. They are gone through by number, unless so much time has
-- passed that going through what is there is shorter.
local function age(quota, first)
  local over = {}
  if first - quota.oldest <= 1024 then
    for piece = quota.oldest, first - 1 do over[#over + 1] = text(piece) end
  else
    for _, field in ipairs(redis.call('HKEYS', quota.key)) do
      local piece = string.match(field, '^b(%d+)$')
      if piece and tonumber(piece) < first then over[#over + 1] = piece end
    end
  end
  forget(quota, over)
  quota.oldest = first
end

local function open(key, first, live)
  local fields = redis.call('HMGET', key, 't', 'o', 'h')
  local quota = {
    key = key, total = tonumber(fields[1] or 0), oldest = tonumber(fields[2] or first),
    mine = 0, idle = 0, theirs = 0, theirIdle = 0, others = {},
  }
  if quota.oldest < first then age(quota, first) end
  for process, held, idle in string.gmatch(fields[3] or '', '([^:,]+):([^:,]+):([^:,]+)') do
    if process == me then
      quota.mine, quota.idle = tonumber(held), tonumber(idle)
    elseif live[process] then
      quota.theirs = quota.theirs + tonumber(held)
      quota.theirIdle = quota.theirIdle + tonumber(idle)
      quota.others[#quota.others + 1] = process .. ':' .. held .. ':' .. idle
    end
  end
  return quota
end

local function close(quota, ttl)
  local holds = quota.others
  if quota.mine ~= 0 then holds[#holds + 1] = me .. ':' .. text(quota.mine) .. ':' .. text(quota.idle) end
  redis.call('HSET', quota.key, 't', text(quota.total), 'o', text(quota.oldest), 'h', table.concat(holds, ','))
  redis.call('PEXPIRE', quota.key, ttl)
end

local function roomFor(quota, amount)
  return amount - quota.total - quota.mine - quota.theirs
end

-- As much of what is wanted as leaves enough for the others.
local function share(room, wanted, count, spread)
  return math.max(0, math.min(wanted, math.floor(room / (spread * count))))
end
`;

/**
 * Puts the process on the roll or renews it there, and finds out whether everybody expected has declared what it counts.
 * KEYS: roll, era. ARGV: process, session, now, dead after, declared (0 or 1), replicas expected, ms to wait for them,
 * name for a new era, roll's lifetime. Replies: state (`new`, `known`, `stale`), era, who is there, settled (0 or 1), Redis's time.
 */
const ATTEND = `
local entry = redis.call('HGET', KEYS[1], me)
local theirs = entry and tonumber(string.match(entry, '^(%d+):')) or 0
local clock = redis.call('TIME')
if now == 0 then now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000) end
local time = text(tonumber(clock[1]) * 1000 + tonumber(clock[2]) / 1000)
if theirs > session then return {'stale', '', '0', '0', time} end
local state = theirs == session and 'known' or 'new'
-- A session that was declared is gone: Redis has lost what it was told, and has to be told again.
if state == 'new' and ARGV[5] == '1' then return {'lost', '', '0', '0', time} end
redis.call('HSET', KEYS[1], me, ARGV[2] .. ':' .. text(now) .. ':' .. ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[9])
local era = redis.call('HMGET', KEYS[2], 'name', 'expect', 'until')
if not era[1] then
  era = {ARGV[8], ARGV[6], text(now + tonumber(ARGV[7]))}
  redis.call('HSET', KEYS[2], 'name', era[1], 'expect', era[2], 'until', era[3])
end
redis.call('PEXPIRE', KEYS[2], ARGV[9])
local entries = redis.call('HGETALL', KEYS[1])
local there, declared = 0, 0
for i = 1, #entries, 2 do
  local seen, done = string.match(entries[i + 1], '^%d+:(%d+):(%d)$')
  local silent = now - tonumber(seen)
  if entries[i] ~= me and silent > dead * 10 then
    redis.call('HDEL', KEYS[1], entries[i])
  elseif entries[i] == me or silent < dead then
    there = there + 1
    if done == '1' then declared = declared + 1 end
  end
end
local settled = declared >= tonumber(era[2]) or now >= tonumber(era[3])
return {state, era[1], text(there), settled and '1' or '0', time}
`;

/**
 * Takes for one call from every quota it lacks a share of, or from none. KEYS: roll, quotas. ARGV: process, session, now,
 * dead after, spread, then for each quota: amount, first piece, need, wanted beyond it, owed, lifetime. Replies: `granted`
 * or `refused`, who is there, then for each quota: granted beyond the need, settled use, held by others, idle with others,
 * number of pieces, whether it refuses (0 or 1), and those pieces: only of quotas that refuse.
 */
const TAKE = `
local live, count = muster()
if not live then return {'lost'} end
local spread = tonumber(ARGV[5])
local quotas, refused = {}, false
for i = 2, #KEYS do
  local at = 6 + (i - 2) * 6
  local first = tonumber(ARGV[at + 1])
  local quota = open(KEYS[i], first, live)
  quota.mine = quota.mine + tonumber(ARGV[at + 4])
  quota.room = roomFor(quota, tonumber(ARGV[at]))
  quota.need, quota.wanted, quota.ttl = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), ARGV[at + 5]
  quota.lacks = quota.need > quota.room
  refused = refused or quota.lacks
  quotas[#quotas + 1] = quota
end
local reply = {refused and 'refused' or 'granted', text(count)}
for _, quota in ipairs(quotas) do
  local extra = 0
  if not refused then
    extra = share(quota.room - quota.need, quota.wanted, count, spread)
    quota.mine = quota.mine + quota.need + extra
    quota.idle = extra
  end
  close(quota, quota.ttl)
  local pieces = {}
  if quota.lacks then
    local fields = redis.call('HGETALL', quota.key)
    for i = 1, #fields, 2 do
      local piece = string.match(fields[i], '^b(%d+)$')
      if piece then
        pieces[#pieces + 1] = piece
        pieces[#pieces + 1] = fields[i + 1]
      end
    end
  end
  for _, number in ipairs({extra, quota.total, quota.theirs, quota.theirIdle, #pieces / 2, quota.lacks and 1 or 0}) do
    reply[#reply + 1] = text(number)
  end
  for _, piece in ipairs(pieces) do reply[#reply + 1] = piece end
end
return reply
`;

/**
 * Reports what was used and held, returns what is not needed, and asks for a share. KEYS: roll, quotas. ARGV: process,
 * session, now, dead after, spread, then for each quota: amount, first piece, `set` or `add`, hold, wanted, idle,
 * lifetime, number of pieces, pieces and their use. Replies: who is there, then for each quota: granted, settled use,
 * held by others, idle with others.
 */
const SYNC = `
local live, count = muster()
if not live then return {'lost'} end
local spread = tonumber(ARGV[5])
local reply = {'synced', text(count)}

local function report(quota, piece, amount)
  if tonumber(piece) < quota.oldest then return end
  local fields = redis.call('HMGET', quota.key, 'b' .. piece, 'u' .. piece)
  local was, shares = 0, {me .. ':' .. amount}
  for process, used in string.gmatch(fields[2] or '', '([^:,]+):([^:,]+)') do
    if process == me then was = tonumber(used) else shares[#shares + 1] = process .. ':' .. used end
  end
  local more = tonumber(amount) - was
  quota.total = quota.total + more
  redis.call('HSET', quota.key, 'b' .. piece, text(tonumber(fields[1] or 0) + more), 'u' .. piece, table.concat(shares, ','))
end

local at = 6
for i = 2, #KEYS do
  local quota = open(KEYS[i], tonumber(ARGV[at + 1]), live)
  local hold, wanted, pieces = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 7])
  if ARGV[at + 2] == 'set' then quota.mine = hold else quota.mine = quota.mine + hold end
  for piece = 1, pieces do report(quota, ARGV[at + 6 + 2 * piece], ARGV[at + 7 + 2 * piece]) end
  local extra = share(roomFor(quota, tonumber(ARGV[at])), wanted, count, spread)
  quota.mine = quota.mine + extra
  quota.idle = tonumber(ARGV[at + 5]) + extra
  close(quota, ARGV[at + 6])
  for _, number in ipairs({extra, quota.total, quota.theirs, quota.theirIdle}) do reply[#reply + 1] = text(number) end
  at = at + 8 + 2 * pieces
end
return reply
`;

/** A process goes, and what it held goes with it. KEYS: roll. ARGV: process, session. */
const LEAVE = `
local live = muster()
if live then redis.call('HDEL', KEYS[1], me) end
return {'left'}
`;

export type ScriptName = 'attend' | 'take' | 'sync' | 'leave';

export const SCRIPTS: Readonly<Record<ScriptName, string>> = {
  attend: PRELUDE + ATTEND,
  take: PRELUDE + QUOTAS + TAKE,
  sync: PRELUDE + QUOTAS + SYNC,
  leave: PRELUDE + LEAVE,
};

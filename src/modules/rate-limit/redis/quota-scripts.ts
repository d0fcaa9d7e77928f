/**
 * The quota store's Lua. Every script gets the same six keys, all of one hash tag, so that it is legal on a cluster: the
 * installation's budget and a user's windows change in one step, which ties them to one slot.
 *
 * A *book* is a hash with the money and the runs of a user (`USER`) or of the installation (`ALL`):
 *
 * - `spent:<period>`, `held:<period>`: pico-dollars, by day (`2026-11-24`) and, for a user, month (`2026-11`)
 * - `loaded:<period>`: what was spent in that period has been fetched from the ledger
 * - `run:<id>`: what is charged and held for a run (see `PATTERN`)
 * - `tokens`: what is held by all runs of the user
 * - `nonce`: the book is being loaded; `ended:<id>`: what a run had used that ended meanwhile
 *
 * A reservation that expires while its run lives belonged to an owner that died, maybe after it had spent, or to one that could
 * not renew it while Redis was away: then the book counts as not loaded, and the ledger says what is missing and who still runs.
 *
 * - `day`: the last day on which periods that are over were removed
 *
 * Windows are hashes from slices of time to amounts, with their `sum` and their `oldest` and `newest` slice. Amounts of money
 * are 64-bit integers (up to 9.2 million dollars), which a number of Lua cannot hold: they stay strings, `HINCRBY` reckons,
 * and only comparisons round.
 */
const WINDOW_MS = 60_000;
/** At most 121 slices a window; a request counts at most so much longer than a minute. */
const SLICE_MS = 500;
/** Read at once, where somebody wants to know when there is room: mostly the first ones have the answer. */
const SLICES_AT_ONCE = 8;
/** What was charged for a run is remembered so long after its reservation expired: the run may go on after all. */
const KEPT_AFTER_EXPIRY_MS = 3_600_000;
/** A book that nobody touches is forgotten, and loaded again when somebody asks. */
const BOOK_LIFETIME_MS = 2 * 86_400_000;
/** Longer than any run takes: nobody asks for a period that ended so long ago. */
const PERIODS_KEPT_MS = 2 * 86_400_000;
/** Reservations that are given back per call: a bound on the time of a script. */
const MAX_EXPIRED = 100;

/** ARGV[1]: the present in milliseconds; empty for Redis' own. ARGV[2]: the id of the run, if any. */
const PRELUDE = `
local USER, EXPIRIES, REQUESTS, TOKENS, ALL, ALL_EXPIRIES = unpack(KEYS)
local EXPIRIES_OF = { [USER] = EXPIRIES, [ALL] = ALL_EXPIRIES }
local id = ARGV[2]
local time = redis.call('TIME')
local now = tonumber(ARGV[1]) or tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function whole(number) return string.format('%.0f', number) end

-- The proleptic Gregorian calendar, with years that begin in March so that the leap day is their last.
local function dayOf(ms)
  local floor = math.floor
  local days = floor(ms / 86400000) + 719468
  local era = floor(days / 146097)
  local ofEra = days - era * 146097
  local year = floor((ofEra - floor(ofEra / 1460) + floor(ofEra / 36524) - floor(ofEra / 146096)) / 365)
  local ofYear = ofEra - (365 * year + floor(year / 4) - floor(year / 100))
  local march = floor((5 * ofYear + 2) / 153)
  local day = ofYear - floor((153 * march + 2) / 5) + 1
  local month = march < 10 and march + 3 or march - 9
  return string.format('%04d-%02d-%02d', year + era * 400 + (month <= 2 and 1 or 0), month, day)
end
local function monthOf(day) return string.sub(day, 1, 7) end
local today = dayOf(now)

local function add(book, field, amount)
  if amount ~= '0' and amount ~= '-0' then redis.call('HINCRBY', book, field, amount) end
end
local function move(book, kind, day, to, from)
  if to == from then return end
  for _, period in ipairs(book == ALL and { day } or { day, monthOf(day) }) do
    add(book, kind .. ':' .. period, to)
    add(book, kind .. ':' .. period, '-' .. from)
  end
end

-- The day that pays; cost and tokens that are charged; cost and tokens that are held; the slice of its request; 'expired'; the
-- epoch of the newest owner who has reserved. What was written before there were epochs has none.
local PATTERN = '(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) ?(%d*)'
local function runOf(book, id)
  local text = redis.call('HGET', book, 'run:' .. id)
  if not text then return nil end
  local run = {}
  local epoch
  run.day, run.cost, run.tokens, run.heldCost, run.heldTokens, run.slice, run.state, epoch = string.match(text, PATTERN)
  run.epoch = tonumber(epoch) or 0
  return run
end
local function aRun(day, cost, tokens, epoch)
  return {
    day = day, cost = cost, tokens = tokens, heldCost = '0', heldTokens = '0', slice = '-', state = 'live', epoch = epoch,
  }
end
local function save(book, id, run, untilMs)
  local text = table.concat(
    { run.day, run.cost, run.tokens, run.heldCost, run.heldTokens, run.slice, run.state, whole(run.epoch) }, ' ')
  redis.call('HSET', book, 'run:' .. id, text)
  redis.call('ZADD', EXPIRIES_OF[book], whole(untilMs), id)
end
local function expiryOf(book, id) return tonumber(redis.call('ZSCORE', EXPIRIES_OF[book], id)) or now end
local function forget(book, id)
  redis.call('HDEL', book, 'run:' .. id)
  redis.call('ZREM', EXPIRIES_OF[book], id)
end
local function keep(book, extraMs)
  redis.call('PEXPIRE', book, ${BOOK_LIFETIME_MS} + extraMs)
  redis.call('PEXPIRE', EXPIRIES_OF[book], ${BOOK_LIFETIME_MS} + extraMs)
end

-- A moment belongs to the slice that ends with it or after it: nothing is forgotten before its minute is over.
local SLICE = math.ceil(now / ${SLICE_MS})
local function endOf(slice) return slice * ${SLICE_MS} + ${WINDOW_MS} end
-- What is in a window, its oldest and its newest slice. What has slid out is removed, so that each slice costs once.
local function slide(window)
  local state = redis.call('HMGET', window, 'sum', 'oldest', 'newest')
  local sum, oldest, newest = tonumber(state[1]), tonumber(state[2]), tonumber(state[3])
  if not sum then return 0, SLICE, SLICE end
  -- All has slid out; or the clock was set back by more than a window, which begins anew.
  if endOf(newest) <= now or newest - SLICE > ${WINDOW_MS / SLICE_MS} then
    redis.call('DEL', window)
    return 0, SLICE, SLICE
  end
  if endOf(oldest) > now then return sum, oldest, newest end
  local gone = {}
  while endOf(oldest) <= now do
    gone[#gone + 1] = whole(oldest)
    oldest = oldest + 1
  end
  for _, amount in ipairs(redis.call('HMGET', window, unpack(gone))) do sum = sum - (tonumber(amount) or 0) end
  redis.call('HDEL', window, unpack(gone))
  redis.call('HSET', window, 'sum', whole(sum), 'oldest', whole(oldest))
  return sum, oldest, newest
end
local function count(window, amount)
  local _, oldest, newest = slide(window)
  redis.call('HINCRBY', window, whole(SLICE), amount)
  redis.call('HINCRBY', window, 'sum', amount)
  -- A clock that is set back by less leaves the slices that are ahead.
  redis.call('HSET', window, 'oldest', whole(math.min(oldest, SLICE)), 'newest', whole(math.max(newest, SLICE)))
  redis.call('PEXPIRE', window, ${WINDOW_MS + 2 * SLICE_MS})
end
-- When no more than \`level\` is left.
local function whenAtMost(window, level)
  local sum, oldest, newest = slide(window)
  local at = now
  for first = oldest, newest, ${SLICES_AT_ONCE} do
    local names = {}
    for slice = first, math.min(first + ${SLICES_AT_ONCE - 1}, newest) do names[#names + 1] = whole(slice) end
    for index, amount in ipairs(redis.call('HMGET', window, unpack(names))) do
      if sum <= level then return at end
      if amount then at, sum = endOf(first + index - 1), sum - tonumber(amount) end
    end
  end
  return at
end

-- Whether it is the period which a load brings that pays for the run.
local function isOfPeriod(book, run)
  if book == ALL then return run.day == today end
  return monthOf(run.day) == monthOf(today)
end

-- Less than before is an owner that knows less, and takes nothing back.
local function charge(book, run, cost, tokens)
  if tonumber(cost) > tonumber(run.cost) then
    move(book, 'spent', run.day, cost, run.cost)
    run.cost = cost
  end
  local new = tonumber(tokens) - tonumber(run.tokens)
  if new > 0 then
    if book == USER then count(TOKENS, whole(new)) end
    run.tokens = tokens
  end
end
local function hold(book, run, cost, tokens)
  move(book, 'held', run.day, cost, run.heldCost)
  if book == USER then add(book, 'tokens', whole(tonumber(tokens) - tonumber(run.heldTokens))) end
  run.heldCost, run.heldTokens = cost, tokens
end

local function periodOf(book) return book == ALL and today or monthOf(today) end
local function isLoaded(book) return redis.call('HEXISTS', book, 'loaded:' .. periodOf(book)) == 1 end

local function expire(book)
  local expiries = EXPIRIES_OF[book]
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', expiries, '-inf', whole(now), 'LIMIT', 0, ${MAX_EXPIRED})) do
    local run = runOf(book, id)
    if run and run.state == 'live' then
      hold(book, run, '0', '0')
      run.state = 'expired'
      redis.call('HDEL', book, 'loaded:' .. periodOf(book))
      save(book, id, run, tonumber(redis.call('ZSCORE', expiries, id)) + ${KEPT_AFTER_EXPIRY_MS})
    else
      forget(book, id)
    end
  end
end

-- Whoever finds a book that is not loaded gets the same nonce, until one of them has stored what the ledger has.
local function nonceOf(book)
  if isLoaded(book) then return '' end
  local nonce = redis.call('HGET', book, 'nonce')
  if not nonce then
    nonce = time[1] .. '.' .. time[2] .. '/' .. id
    redis.call('HSET', book, 'nonce', nonce)
    keep(book, 0)
  end
  return nonce
end
-- The runs of this period: what is known of them here is compared with what the ledger has.
local function knownIn(book)
  local known = {}
  for _, field in ipairs(redis.call('HKEYS', book)) do
    local id = string.match(field, '^run:(.+)$')
    if id and isOfPeriod(book, runOf(book, id)) then known[#known + 1] = id end
  end
  return known
end
local function forgetOldPeriods(book)
  if redis.call('HGET', book, 'day') == today then return end
  local oldest = dayOf(now - ${PERIODS_KEPT_MS})
  for _, field in ipairs(redis.call('HKEYS', book)) do
    local period = string.match(field, '^[shl]%a+:(%d+%-%d+%-?%d*)$')
    if period and period < string.sub(oldest, 1, #period) then redis.call('HDEL', book, field) end
  end
  redis.call('HSET', book, 'day', today)
end

-- The windows now, and the budgets of \`day\` and its month.
local function standing(day)
  local requests, _, lastRequest = slide(REQUESTS)
  local tokens, _, lastTokens = slide(TOKENS)
  local money = redis.call('HMGET', USER, 'tokens', 'spent:' .. day, 'held:' .. day,
    'spent:' .. monthOf(day), 'held:' .. monthOf(day))
  local all = redis.call('HMGET', ALL, 'spent:' .. day, 'held:' .. day)
  local held = tonumber(money[1] or '0')
  return {
    day = day, requests = requests, tokens = tokens, held = held,
    requestsWholeAt = requests > 0 and endOf(lastRequest) or now,
    -- What is held counts as if it were used now: nobody knows when it is given back.
    tokensWholeAt = held > 0 and endOf(SLICE) or tokens > 0 and endOf(lastTokens) or now,
    daily = { money[2] or '0', money[3] or '0' },
    monthly = { money[4] or '0', money[5] or '0' },
    all = { all[1] or '0', all[2] or '0' },
  }
end
local function tell(at, refusals)
  return {
    'standing', whole(now), at.day,
    whole(at.requests), whole(at.requestsWholeAt),
    whole(at.tokens), whole(at.held), whole(at.tokensWholeAt),
    at.daily[1], at.daily[2], at.monthly[1], at.monthly[2], at.all[1], at.all[2],
    refusals,
  }
end
`;

/** Asks for both books when their money is limited or shown. `isAllLimited` is a Lua expression. */
const loadOr = (isAllLimited: string): string => `
expire(USER)
expire(ALL)
local nonce, allNonce = nonceOf(USER), ${isAllLimited} and nonceOf(ALL) or ''
if nonce ~= '' or allNonce ~= '' then
  return { 'load', whole(now), nonce, allNonce, nonce ~= '' and knownIn(USER) or {}, allNonce ~= '' and knownIn(ALL) or {} }
end
forgetOldPeriods(USER)
`;

/**
 * ARGV: present, id, requests, tokens and cost that were used, tokens and cost that are next, lifetime, then the limits:
 * requests, tokens, daily, monthly and installation's daily cost, empty where there is none, and the owner's epoch. Returns
 * 'fenced' when a newer owner has reserved, 'load' with the nonces
 * of what has to be loaded and the runs of the period that are known, or 'standing' with the standing and a list of scopes that refuse, each followed by when it has
 * room (empty: its period's end).
 */
export const RESERVE = `${PRELUDE}
local requests, usedTokens, usedCost, nextTokens, nextCost = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local expiresInMs, maxRequests, maxTokens = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local epoch = tonumber(ARGV[14])
${loadOr(`ARGV[13] ~= ''`)}
local run = runOf(USER, id)
local isKnown = run ~= nil
-- The first request has used nothing yet. Any other that is unknown here is in the ledger with what it has used.
if not run then
  run = requests == 1 and aRun(today, '0', '0', epoch) or aRun(today, usedCost, usedTokens, epoch)
end
local books = { [USER] = run }
-- Where nothing limits the installation its book is not kept.
if isLoaded(ALL) then
  forgetOldPeriods(ALL)
  books[ALL] = runOf(ALL, id) or aRun(run.day, run.cost, '0', epoch)
end
for book, each in pairs(books) do charge(book, each, usedCost, usedTokens) end
if run.epoch > epoch then
  for book, each in pairs(books) do save(book, id, each, expiryOf(book, id)) end
  return { 'fenced' }
end
for book, each in pairs(books) do
  hold(book, each, '0', '0')
  each.epoch = epoch
end
-- A run is one request, also when it asks again because it missed the answer.
if run.slice ~= '-' then requests = 0 end

local at = standing(run.day)
local refusals = {}
local function refuse(scope, whenRoom)
  refusals[#refusals + 1] = scope
  refusals[#refusals + 1] = whenRoom
end
if requests > 0 and at.requests + requests > maxRequests then
  refuse('requests_per_minute', whole(whenAtMost(REQUESTS, maxRequests - requests)))
end
local room = maxTokens - at.held - tonumber(nextTokens)
if at.tokens > room then
  refuse('tokens_per_minute', whole(room >= 0 and whenAtMost(TOKENS, room) or at.tokensWholeAt))
end
local function check(scope, money, limit)
  if limit == '' then return end
  local taken, most = tonumber(money[1]) + tonumber(money[2]), tonumber(limit)
  -- A budget that is used up refuses even what costs nothing by estimate: nobody knows the price beforehand.
  if taken >= most or taken + tonumber(nextCost) > most then refuse(scope, '') end
end
check('daily_cost', at.daily, ARGV[11])
check('monthly_cost', at.monthly, ARGV[12])
check('installation_daily_cost', at.all, ARGV[13])

local isAdmitted = #refusals == 0
if isAdmitted then
  for book, each in pairs(books) do hold(book, each, nextCost, nextTokens) end
  if requests > 0 then
    count(REQUESTS, requests)
    run.slice = whole(SLICE)
  end
end
if isAdmitted or isKnown or run.cost ~= '0' or run.tokens ~= '0' then
  for book, each in pairs(books) do
    each.state = 'live'
    save(book, id, each, now + expiresInMs)
    keep(book, expiresInMs)
  end
end
return tell(isAdmitted and standing(run.day) or at, refusals)`;

/** ARGV: present, id, whether the installation's budget is asked for (or empty). Returns as RESERVE does. */
export const READ = `${PRELUDE}
${loadOr(`ARGV[3] ~= ''`)}
return tell(standing(today), {})`;

/** ARGV: present, id, 'settle' with tokens and cost that were used, or 'release' with two zeros; the owner's epoch. */
export const END = `${PRELUDE}
local isSettled = ARGV[3] == 'settle'
local tokens, cost, epoch = ARGV[4], ARGV[5], tonumber(ARGV[6])
for _, book in ipairs({ USER, ALL }) do
  expire(book)
  local run = runOf(book, id)
  -- Somebody else goes on with it, and has reserved.
  local isFenced = run ~= nil and run.epoch > epoch
  -- The ledger may have been read before the run ended, and the answer may arrive after that.
  if redis.call('HEXISTS', book, 'nonce') == 1 and not isFenced then
    local isInLoad = not run or isOfPeriod(book, run)
    local used = isSettled and isInLoad and cost .. ' ' .. (run and '0' or tokens) or '0 0'
    redis.call('HSET', book, 'ended:' .. id, used .. ' ' .. whole(epoch))
  end
  if run then
    if isSettled then charge(book, run, cost, tokens) end
  end
  if isFenced then
    save(book, id, run, expiryOf(book, id))
  elseif run then
    hold(book, run, '0', '0')
    forget(book, id)
    if not isSettled and book == USER and redis.call('HEXISTS', REQUESTS, run.slice) == 1 then
      redis.call('HINCRBY', REQUESTS, run.slice, -1)
      redis.call('HINCRBY', REQUESTS, 'sum', -1)
    end
  end
end
return 'ended'`;

/** ARGV: present, '', lifetime, ids. What is held for these runs expires so much later. */
export const RENEW = `${PRELUDE}
for _, book in ipairs({ USER, ALL }) do
  for index = 4, #ARGV do
    local run = runOf(book, ARGV[index])
    if run and run.state == 'live' then
      redis.call('ZADD', EXPIRIES_OF[book], whole(now + tonumber(ARGV[3])), ARGV[index])
    end
  end
end
return 'renewed'`;

/**
 * Makes a book of what the ledger has, if nobody has done so since its nonce was given. Nothing is charged to a book that is
 * not loaded; a run that ended meanwhile is charged here for what it used after the ledger was read.
 * ARGV: present, '', 'user' or 'all', nonce, day, spent in that day, spent in its month, how long a run that is found open holds
 * what it holds unless its owner says more, then eight per run that is open, or known here: id, the day of its admission, cost and tokens that it has used, cost and tokens that it holds, 'over' or 'open', its epoch.
 */
export const LOAD = `${PRELUDE}
local book = ARGV[3] == 'all' and ALL or USER
if redis.call('HGET', book, 'nonce') ~= ARGV[4] then return 'void' end
local day = ARGV[5]
redis.call('HSET', book, 'spent:' .. day, ARGV[6])
if book == USER then redis.call('HSET', book, 'spent:' .. monthOf(day), ARGV[7]) end

-- What a run was charged here while the ledger was read, or had been, and is not in the sums that have just replaced ours.
local function addMissing(run, inLedger)
  if run.day == day then
    move(book, 'spent', day, run.cost, inLedger)
  elseif book == USER then
    add(book, 'spent:' .. monthOf(day), run.cost)
    add(book, 'spent:' .. monthOf(day), '-' .. inLedger)
  end
end
local function adopt(id, run, cost, tokens, isOver)
  if tonumber(run.cost) > tonumber(cost) then
    addMissing(run, cost)
  else
    -- The sums of other days are our own.
    if run.day ~= day then
      add(book, 'spent:' .. run.day, cost)
      add(book, 'spent:' .. run.day, '-' .. run.cost)
    end
    run.cost = cost
  end
  if tonumber(tokens) > tonumber(run.tokens) then
    if book == USER then count(TOKENS, whole(tonumber(tokens) - tonumber(run.tokens))) end
    run.tokens = tokens
  end
  if isOver and run.state ~= 'live' then forget(book, id)
  else save(book, id, run, expiryOf(book, id)) end
end

local restoredForMs = tonumber(ARGV[8])
local function restore(id, run, heldCost, heldTokens)
  hold(book, run, heldCost, heldTokens)
  run.state = 'live'
  save(book, id, run, now + restoredForMs)
end

local inLedger = {}
for index = 9, #ARGV, 8 do
  local id, admitted, cost, tokens, heldCost, heldTokens, state, owner = unpack(ARGV, index, index + 7)
  local epoch = tonumber(owner)
  inLedger[id] = true
  local ended = redis.call('HGET', book, 'ended:' .. id)
  local known = runOf(book, id)
  if ended then
    local usedCost, usedTokens, by = string.match(ended, '(%S+) (%S+) ?(%d*)')
    if tonumber(usedCost) > tonumber(cost) then addMissing({ day = admitted, cost = usedCost }, cost) end
    if book == USER and tonumber(usedTokens) > tonumber(tokens) then
      count(TOKENS, whole(tonumber(usedTokens) - tonumber(tokens)))
      tokens = usedTokens
    end
    -- Only an owner before the present one has ended it.
    if state == 'open' and epoch > (tonumber(by) or 0) then
      if tonumber(usedCost) > tonumber(cost) then cost = usedCost end
      restore(id, aRun(admitted, cost, tokens, epoch), heldCost, heldTokens)
    end
  elseif known then
    -- This may be the turn of a period, and the run belongs to the one before: then what we have of it is newer.
    if isOfPeriod(book, known) then adopt(id, known, cost, tokens, state == 'over') end
    -- It goes on, and nobody could renew what it holds while Redis was away.
    if state == 'open' and known.state == 'expired' then restore(id, known, heldCost, heldTokens) end
  elseif state == 'open' then
    restore(id, aRun(admitted, cost, tokens, epoch), heldCost, heldTokens)
  end
end
-- A run that was reserved and is not in the database yet.
for _, id in ipairs(knownIn(book)) do
  if not inLedger[id] then addMissing(runOf(book, id), '0') end
end
for _, field in ipairs(redis.call('HKEYS', book)) do
  if string.sub(field, 1, 6) == 'ended:' then redis.call('HDEL', book, field) end
end
redis.call('HDEL', book, 'nonce')
redis.call('HSET', book, 'loaded:' .. (book == ALL and day or monthOf(day)), '1')
keep(book, restoredForMs)
return 'loaded'`;

import { hash } from "node:crypto";
import { RedisError, toRedisError } from "./reasons.ts";
import type { Connection } from "./connection.ts";
import { layoutVersion, type Layout } from "./layout.ts";
import type { Link } from "./link.ts";

/** A script that Redis runs as one step. */
export type Script = { readonly text: string; readonly sha1: string };

function script(text: string): Script {
  return { text, sha1: hash("sha1", text) };
}

/** The time of Redis, in microseconds since 2026: a number of Lua has room for fractions of them. */
const now = `
local time = redis.call('TIME')
local now = (time[1] - 1767225600) * 1000000 + time[2]
`;

/** Two buckets of one caller, each the time at which it is full again. */
const buckets = `${now}
local kept = redis.call('GET', KEYS[1])
local requests, tokens = now, now
if kept then
  local first, second = string.match(kept, '^(%S+) (%S+)$')
  requests = math.max(now, tonumber(first))
  tokens = math.max(now, tonumber(second))
end
local function keep()
  local last = math.max(requests, tokens)
  if last > now then
    redis.call('SET', KEYS[1], string.format('%.3f %.3f', requests, tokens), 'PX', math.ceil((last - now) / 1000) + 1)
  end
end
`;

/**
 * Notes what a process has used of a budget, and grants it a share of what is neither used nor granted to others.
 *
 * Arguments: its name, the amount, how long the keys live, the limit, the share from 0 to 1, and how long it is granted; times in
 * milliseconds. Replies with the sum of the others and with what is granted, as texts: Redis cuts numbers to integers.
 */
export const budgetScript = script(`${now}
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local others = -tonumber(ARGV[2])
for _, used in ipairs(redis.call('HVALS', KEYS[1])) do others = others + tonumber(used) end
local share = tonumber(ARGV[5])
redis.call('HDEL', KEYS[2], ARGV[1])
if share == 0 then return {string.format('%.8f', others), '0'} end
local left = tonumber(ARGV[4]) - others - tonumber(ARGV[2])
for _, grant in ipairs(redis.call('HVALS', KEYS[2])) do
  local amount, ends = string.match(grant, '^(%S+) (%S+)$')
  if tonumber(ends) > now then left = left - tonumber(amount) end
end
local granted = string.format('%.8f', math.max(0, left * share))
redis.call('HSET', KEYS[2], ARGV[1], granted .. ' ' .. string.format('%.0f', now + ARGV[6] * 1000))
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return {string.format('%.8f', others), granted}
`);

/**
 * Takes a request and its tokens from the buckets of a caller, or neither.
 *
 * Arguments, in microseconds of a bucket that a minute fills: the request and its tokens, 0 where they are not limited, and what was
 * taken before without asking. Replies with what was exceeded (0 nothing, 1 requests, 2 tokens), the time to wait, and the times
 * until the two buckets are full. A microsecond more than a minute fits, for what is lost by rounding.
 */
export const takeScript = script(`${buckets}
local minute = 60000001
requests = requests + tonumber(ARGV[3])
tokens = tokens + tonumber(ARGV[4])
local request, some = tonumber(ARGV[1]), tonumber(ARGV[2])
local exceeded, wait = 0, 0
if request > 0 and requests + request - now > minute then
  exceeded, wait = 1, requests + request - now - minute
elseif some > 0 and tokens + some - now > minute then
  exceeded, wait = 2, tokens + some - now - minute
else
  requests = requests + request
  tokens = tokens + some
end
keep()
return {exceeded, math.ceil(wait), math.floor(requests - now), math.floor(tokens - now)}
`);

/** Takes tokens from the bucket of a caller without asking; the argument is as with `takeScript`. */
export const chargeScript = script(`${buckets}
tokens = tokens + tonumber(ARGV[1])
keep()
return {math.floor(requests - now), math.floor(tokens - now)}
`);

/**
 * Notes that a node is alive, and forgets those that are not.
 *
 * Arguments: its name, what is to be known of it, and after how many milliseconds of silence a node is gone. Replies with the number of
 * changes, then name, age in milliseconds and what is known of each node.
 */
export const beatScript = script(`${now}
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', now / 1000) .. ARGV[2])
local all = redis.call('HGETALL', KEYS[1])
local reply = {tonumber(redis.call('GET', KEYS[2]) or 0)}
for at = 1, #all, 2 do
  local seen, about = string.match(all[at + 1], '^(%d+) (.*)$')
  local age = math.max(0, math.floor(now / 1000 - tonumber(seen or 0)))
  if age > tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], all[at])
  else
    table.insert(reply, all[at])
    table.insert(reply, age)
    table.insert(reply, about)
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[3] * 10)
return reply
`);

/** Counts a change, and tells of it. */
const tell = `
redis.call('INCR', KEYS[2])
redis.call('PUBLISH', KEYS[3], '')
return 1
`;

/** Keeps an experiment, unless it is over; arguments: its id, and a text that begins with `runs` or `over`. */
export const keepRunScript = script(`
local kept = redis.call('HGET', KEYS[1], ARGV[1])
if kept and (string.sub(kept, 1, 4) == 'over' or kept == ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
${tell}`);

/** Keeps the kill switch, unless there is a later word; arguments: milliseconds since 1970, and what it is. */
export const keepKillSwitchScript = script(`
local kept = redis.call('GET', KEYS[1])
if kept and tonumber(string.match(kept, '^%d+')) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2])
${tell}`);

/** Keeps a word on a breaker; arguments: the word, and how long it lives, in milliseconds. */
export const keepBreakerScript = script(`
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
${tell}`);

/** Counts one more call; the argument: milliseconds until its count begins anew. Replies with the number of the call. */
export const countScript = script(`
local number = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return number
`);

/**
 * Notes that attempts of a request were no success. Arguments: how long it may be tried again, in milliseconds, and how many
 * attempts there were; of attempts at the same time the most count.
 */
export const failedScript = script(`
local kept = tonumber(redis.call('GET', KEYS[1]) or 0)
redis.call('SET', KEYS[1], math.max(kept, tonumber(ARGV[2])), 'PX', ARGV[1])
return 1
`);

/** Tells others of calls from which they may learn, for a day; arguments: by whom, and the calls. */
export const tellCallsScript = script(`
redis.call('XADD', KEYS[1], 'MAXLEN', '~', 300, '*', 'by', ARGV[1], 'calls', ARGV[2])
redis.call('PEXPIRE', KEYS[1], 86400000)
return 1
`);

/** Refuses what another version has written, and tries whether anything can be written. Replies with the version that is there. */
const checkScript = script(`
redis.call('SET', KEYS[1], ARGV[1], 'NX')
redis.call('PERSIST', KEYS[1])
return tonumber(redis.call('GET', KEYS[1]))
`);

const scripts = [
  takeScript,
  chargeScript,
  budgetScript,
  countScript,
  failedScript,
  tellCallsScript,
  beatScript,
  keepRunScript,
  keepKillSwitchScript,
  keepBreakerScript,
];

/**
 * Makes a connection ready to run scripts.
 *
 * @throws RedisError where Redis cannot be written, or holds what a newer version has written
 */
export async function prepareScripts(connection: Connection, { version }: Layout): Promise<void> {
  const { text } = checkScript;
  const [found] = await Promise.all([
    connection.send(["EVAL", text, "1", version, String(layoutVersion)]),
    ...scripts.map((each) => connection.send(["SCRIPT", "LOAD", each.text])),
  ]);
  if (found === layoutVersion) return;
  const message = `Redis holds the state of another version of Stuntdouble (layout ${String(found)}, ours is ${layoutVersion}): give this one a prefix of its own`;
  throw new RedisError("version", message);
}

/** What a script is run with. */
export type ScriptRun = { readonly keys: readonly string[]; readonly args: readonly string[] };

/**
 * Runs a script in one round trip. Where Redis has forgotten it, it is told it again for the next time.
 *
 * @throws RedisError
 */
export async function runScript(
  link: Pick<Link, "send">,
  { text, sha1 }: Script,
  { keys, args }: ScriptRun,
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return await link.send(["EVALSHA", sha1, ...rest]);
  } catch (error) {
    if (/^NOSCRIPT\b/.test(toRedisError(error).message)) link.send(["SCRIPT", "LOAD", text]).catch(() => undefined);
    throw error;
  }
}

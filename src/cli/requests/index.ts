import type { Call } from "../../admin/dashboard/state.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import type { Outcome } from "../../core/types.ts";
import { actionNamed } from "../actions.ts";
import { createAdminClient, type AdminClient } from "../admin-client.ts";
import { parseWords, type Command, type Io } from "../args.ts";
import { exitCodes } from "../exit-codes.ts";
import { checkFilter, filterFlags, filterHelp } from "../tail/filter.ts";
import { callHead, callLine } from "../tail/line.ts";
import { styleFor } from "../terminal/style.ts";
import { jsonText } from "../terminal/text.ts";
import { callText } from "./call-text.ts";

const usage = `Shows calls that have ended: a list of the latest, or one of them in full.

  stuntdouble requests list [--rule NAME] [--model NAME] [--status STATUS] [--mode MODE] [--fault KIND] [--ending ENDING]
                            [--key NAME] [--limit N] [--admin URL] [--json]
  stuntdouble requests show ID [--admin URL] [--json]

  ID           the request id, the request id of the upstream's response, or the trace id
${filterHelp}
  --limit      so many of the latest, from 1 to 1000; default: 20
  --admin      URL of the admin API; default: http://127.0.0.1:8081
  --token-env  environment variable with its token; default: STUNTDOUBLE_ADMIN_TOKEN
  --json       print what the admin API says

show draws how the time of the call was spent, with the gaps between its tokens, planned against actual, and where a fault struck.

Exit codes: 0 success, 1 there is no such call, or the node refused or cannot be reached, 2 invalid arguments

Examples
  stuntdouble requests list --status 5xx --limit 5
  stuntdouble requests show 3b04f275-bb0f-4027-b4ab-dcb3de5c3a07
`;

const { upstream: _notInTheApi, ...filterKinds } = filterFlags;
const flagKinds = {
  ...filterKinds,
  limit: "string",
  admin: "string",
  "token-env": "string",
  json: "boolean",
} as const;

type Flags = ReturnType<typeof parseWords<typeof flagKinds>>["flags"];

type Asked = {
  readonly flags: Flags;
  readonly words: readonly string[];
  readonly io: Io;
  readonly client: AdminClient;
};

const actions: Readonly<Record<string, (asked: Asked) => Promise<number>>> = { list, show };

/** `stuntdouble requests` */
export const requests: Command = {
  name: "requests",
  summary: "list calls that have ended, and show one in full",
  usage,
  async run(args, io) {
    const { flags, words } = parseWords(args, flagKinds);
    const [name = "", ...others] = words;
    const action = actionNamed(actions, name);
    return await action({ flags, words: others, io, client: createAdminClient(flags, io.env) });
  },
};

async function list({ flags, words, io, client }: Asked): Promise<number> {
  if (words[0] !== undefined) throw invalid(`unexpected argument "${words[0]}".`);
  checkFilter(flags);
  const { limit = "20", admin: _place, "token-env": _token, json, ...filter } = flags;
  if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > 1000)
    throw invalid(`--limit must be an integer from 1 to 1000, not "${limit}".`);
  const query = new URLSearchParams({ ...filter, limit });
  const told = await client.send<{ requests: readonly Outcome[] }>("GET", `requests?${query.toString()}`);
  if (json === true) io.out(`${jsonText(told, 2)}\n`);
  else io.out(listText(told.requests, io));
  return exitCodes.good;
}

function listText(found: readonly Outcome[], io: Io): string {
  if (found.length === 0) return "No call has ended that has all this.\n";
  const style = styleFor(io);
  return `${[style("bold", callHead), ...found.map((call) => callLine(shortOf(call), style))].join("\n")}\n`;
}

function shortOf({ actual: { ttftMs, totalMs, tokens }, ...call }: Outcome): Call {
  return { ...call, ttftMs, totalMs, tokens };
}

async function show({ flags, words, io, client }: Asked): Promise<number> {
  const [id, extra] = words;
  if (id === undefined) throw invalid("expected an ID, as in: stuntdouble requests show 3b04f275");
  if (extra !== undefined) throw invalid(`unexpected argument "${extra}".`);
  const given = Object.keys(flags).find((flag) => Object.hasOwn(filterKinds, flag) || flag === "limit");
  if (given !== undefined) throw invalid(`show takes no --${given}.`);
  const call = await client.send<Outcome>("GET", `requests/${encodeURIComponent(id)}`);
  if (flags.json === true) io.out(`${jsonText(call, 2)}\n`);
  else io.out(callText(call, io.terminal?.size().columns ?? 100, styleFor(io)));
  return exitCodes.good;
}

function invalid(message: string): StuntdoubleError {
  return new StuntdoubleError("CONFIG_INVALID", message);
}

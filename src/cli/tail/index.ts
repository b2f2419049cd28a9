import { StuntdoubleError } from "../../core/errors.ts";
import { parseFlags, type Command, type Io } from "../args.ts";
import { exitCodes } from "../exit-codes.ts";
import { followNode } from "../live/stream.ts";
import { untilEnded } from "../live/until.ts";
import { styleFor } from "../terminal/style.ts";
import { jsonText } from "../terminal/text.ts";
import { checkFilter, filterFlags, filterHelp, isWanted } from "./filter.ts";
import { callHead, callLine } from "./line.ts";
import { createNews, type News } from "./news.ts";

const maxLast = 200;

const usage = `Shows calls as they end, one line each, until it is stopped.

  stuntdouble tail [--rule NAME] [--model NAME] [--status STATUS] [--mode MODE] [--fault KIND] [--ending ENDING]
                   [--key NAME] [--upstream NAME] [--last N] [--admin URL] [--json]

${filterHelp}
  --upstream   only calls of this upstream
  --last       so many calls that have ended already come first, from 0 to ${maxLast}; default: 10
  --admin      URL of the admin API; default: http://127.0.0.1:8081
  --token-env  environment variable with its token; default: STUNTDOUBLE_ADMIN_TOKEN
  --json       print one JSON object a line

A node tells at most ${maxLast} calls a second. Where there were more, and where the connection was lost, a line on standard error says so;
the connection is tried again until it comes back.

Exit codes: 0 stopped, 1 the node refused or cannot be reached, 2 invalid arguments

Examples
  stuntdouble tail --status 5xx --model gpt-4o
  stuntdouble tail --json | jq 'select(.totalMs > 10000) | .id'
`;

const flagKinds = {
  ...filterFlags,
  last: "string",
  admin: "string",
  "token-env": "string",
  json: "boolean",
} as const;

type Flags = ReturnType<typeof parseFlags<typeof flagKinds>>;

/** `stuntdouble tail` */
export const tail: Command = {
  name: "tail",
  summary: "show calls as they end",
  usage,
  async run(args, io) {
    const flags = parseFlags(args, flagKinds);
    checkFilter(flags);
    const news = createNews(lastOf(flags));
    const print = printer(flags, io);
    let lostAtMs: number | undefined;
    for await (const told of followNode(flags, io, untilEnded(io).signal)) {
      if (told.kind === "lost") {
        if (lostAtMs === undefined) io.err(`The connection to the node is lost: ${told.reason}. Trying again…\n`);
        lostAtMs ??= Date.now();
        continue;
      }
      if (lostAtMs !== undefined) {
        const seconds = Math.round((Date.now() - lostAtMs) / 1000);
        io.err(`The connection is back after ${seconds} s. Calls that ended meanwhile may be missing.\n`);
      }
      lostAtMs = undefined;
      print(news(told));
    }
    return exitCodes.good;
  },
};

function lastOf({ last = "10" }: Flags): number {
  const count = Number(last);
  if (/^\d+$/.test(last) && count <= maxLast) return count;
  throw new StuntdoubleError("CONFIG_INVALID", `--last must be an integer from 0 to ${maxLast}, not "${last}".`);
}

function printer(flags: Flags, io: Io): (news: News) => void {
  const style = styleFor(io);
  if (flags.json !== true && io.terminal !== undefined) io.out(`${style("bold", callHead)}\n`);
  return ({ calls, missed }) => {
    const lines = calls
      .filter((call) => isWanted(call, flags))
      .map((call) => (flags.json === true ? jsonText(call) : callLine(call, style)));
    if (lines.length > 0) io.out(`${lines.join("\n")}\n`);
    if (missed > 0) io.err(`About ${missed} calls were missed: a node tells at most ${maxLast} a second.\n`);
  };
}

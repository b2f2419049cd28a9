import type { LiveState } from "../../admin/dashboard/state.ts";
import { AdminError } from "../admin-client.ts";
import { parseFlags, type Command, type Io } from "../args.ts";
import { exitCodes } from "../exit-codes.ts";
import { followNode, type Told } from "../live/stream.ts";
import { untilEnded } from "../live/until.ts";
import { styleFor } from "../terminal/style.ts";
import { jsonText } from "../terminal/text.ts";
import type { Terminal } from "../terminal/types.ts";
import { showOn } from "./live-table.ts";
import { summaryOf, type Summary } from "./summary.ts";
import { plainLine, tableLines } from "./table.ts";

const usage = `Shows what a node does, each second: rates by what was decided, times, errors, circuit breakers, experiments, rules, models.

  stuntdouble top [--once] [--admin URL] [--json]

  --once       print one table and end
  --admin      URL of the admin API; default: http://127.0.0.1:8081
  --token-env  environment variable with its token; default: STUNTDOUBLE_ADMIN_TOKEN
  --json       print one JSON object a line

Keys: q leaves, p pauses, s sorts rules and models by rate, count or name. Where standard output is no terminal there is one line of text
each second.

Exit codes: 0 left, 1 the node refused or cannot be reached, 2 invalid arguments

Examples
  stuntdouble top
  stuntdouble top --once --json | jq .ttft
`;

/** `stuntdouble top` */
export const top: Command = {
  name: "top",
  summary: "show what a node does, live",
  usage,
  async run(args, io) {
    const flags = parseFlags(args, { once: "boolean", admin: "string", "token-env": "string", json: "boolean" });
    const ended = untilEnded(io);
    const all = followNode(flags, io, ended.signal);
    const summaries = followed(all, io, flags.once === true);
    if (flags.once === true) await printOne(summaries, flags.json === true, io);
    else if (flags.json === true) for await (const summary of summaries) printJson(summary, io);
    else if (canDraw(io)) await showOn(io.terminal, { io, ended, told: all });
    else for await (const summary of summaries) io.out(`${plainLine(summary)}\n`);
    return exitCodes.good;
  },
};

function canDraw(io: Io): io is Io & { readonly terminal: Terminal } {
  return io.terminal !== undefined && io.env["TERM"] !== "dumb";
}

/** The first state of a connection says nothing of what happens in a second, so the second one is the first that is shown. */
async function* followed(all: AsyncIterable<Told>, io: Io, once: boolean): AsyncGenerator<Summary> {
  let before: LiveState | undefined;
  for await (const told of all) {
    if (told.kind === "lost") {
      if (once) throw new AdminError(`the connection to the node is lost: ${told.reason}.`);
      io.err(`The connection to the node is lost: ${told.reason}. Trying again…\n`);
      before = undefined;
      continue;
    }
    if (before !== undefined && told.delta !== undefined) yield summaryOf(told.state, before, Date.now());
    before = told.state;
  }
}

async function printOne(summaries: AsyncIterable<Summary>, json: boolean, io: Io): Promise<void> {
  const style = styleFor(io);
  for await (const summary of summaries) {
    if (json) printJson(summary, io);
    else
      io.out(
        `${tableLines(summary, "rate")
          .map(({ tone, text }) => style(tone, text))
          .join("\n")}\n`,
      );
    return;
  }
}

function printJson(summary: Summary, io: Io): void {
  io.out(`${jsonText(summary)}\n`);
}

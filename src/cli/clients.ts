import type { ClientVerdict } from "../core/clients/counts.ts";
import { clientsTable } from "../core/experiments/report/clients-table.ts";
import { columns } from "../core/page/table.ts";
import { createAdminClient } from "./admin-client.ts";
import { parseFlags, type Command } from "./args.ts";

const usage = `Shows what each client of a node made of responses that failed: retries, waits, giving up.

  stuntdouble clients [--admin URL] [--json]

  --admin      URL of the admin API; default: http://127.0.0.1:8081
  --token-env  environment variable with its token; default: STUNTDOUBLE_ADMIN_TOKEN
  --json       print what the admin API says

A client is an API key of auth.keys, else a user agent. Counted since the node started; docs/retries.md says how.

Exit codes: 0 success, 1 the node refused or cannot be reached, 2 invalid arguments

Examples
  stuntdouble clients
  stuntdouble clients --json | jq '.clients[] | select(.retries.ignored > 0)'
`;

/** `stuntdouble clients` */
export const clients: Command = {
  name: "clients",
  summary: "show what each client made of responses that failed",
  usage,
  async run(args, io) {
    const flags = parseFlags(args, { admin: "string", "token-env": "string", json: "boolean" });
    const told = await createAdminClient(flags, io.env).clients();
    io.out(flags.json === true ? `${JSON.stringify(told, undefined, 2)}\n` : tableText(told));
    return 0;
  },
};

type Told = { readonly clients: readonly ClientVerdict[] };

function tableText(told: Told): string {
  if (told.clients.length === 0) return "No client has called.\n";
  const { head, rows } = clientsTable(told);
  return `${columns([head, ...rows])}\n`;
}

import { columns } from "../core/page/table.ts";
import { createAdminClient, type AdminClient } from "./admin-client.ts";
import { parseFlags, type Command } from "./args.ts";

const usage = `Shows how a node is: version, configuration, permits, queue, circuit breakers, chaos.

  stuntdouble status [--admin URL] [--json]

  --admin      URL of the admin API; default: http://127.0.0.1:8081
  --token-env  environment variable with its token; default: STUNTDOUBLE_ADMIN_TOKEN
  --json       print what the admin API says

Exit codes: 0 success, 1 the node refused or cannot be reached, 2 invalid arguments

Examples
  stuntdouble status
  stuntdouble status --admin http://10.0.0.7:8081 --json
`;

/** `stuntdouble status` */
export const status: Command = {
  name: "status",
  summary: "show how a node is",
  usage,
  async run(args, io) {
    const flags = parseFlags(args, { admin: "string", "token-env": "string", json: "boolean" });
    const node = createAdminClient(flags, io.env);
    const told = await node.status();
    if (flags.json === true) io.out(`${JSON.stringify(told, undefined, 2)}\n`);
    else io.out(`${columns(rowsOf(told, await node.experiments()))}\n`);
    return 0;
  },
};

type Told = Awaited<ReturnType<AdminClient["status"]>>;
type Chaos = Awaited<ReturnType<AdminClient["experiments"]>>;

function rowsOf(told: Told, { killSwitch, experiments }: Chaos): string[][] {
  const { permits, source, breakers } = told;
  const running = experiments.filter(({ state }) => state === "running" || state === "baseline");
  const chaos = running.map(({ name, endsAt = "" }) => (endsAt === "" ? name : `${name} until ${endsAt}`));
  return [
    ["version", told.version],
    ["state", told.draining ? "draining" : "serving"],
    ["up", uptimeText(told.uptimeSeconds)],
    ["event loops", String(told.workers)],
    ["configuration", configurationText(told, source)],
    ["in flight", `${told.inFlight}, ${told.waiting} in the queue`],
    ["permits", `${permits.available} of ${permits.max} free`],
    ...Object.entries(breakers).map(([name, state]) => [`breaker ${name}`, state]),
    ["chaos", killSwitch ? "the kill switch is on: no fault acts" : chaos.join(", ") || "no experiment runs"],
  ];
}

function configurationText({ generation, hash }: Told, { from, at, copy = false }: Told["source"]): string {
  const version = hash === undefined ? "" : ` ${hash}`;
  return `generation ${generation}${version}, ${at ?? from}${copy ? " (the last good copy)" : ""}`;
}

function uptimeText(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds % 60} s`;
}

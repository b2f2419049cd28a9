import path from "node:path";
import { formatErrors, loadText, fileExists, type Settings } from "../../config/load.ts";
import { isStoreUrl } from "../../config/store/address.ts";
import { parseFlags, type Command, type Io } from "../args.ts";
import { readConfig } from "../config-source.ts";
import { exitCodes } from "../exit-codes.ts";
import { styleFor, type Tone } from "../terminal/style.ts";
import { jsonText } from "../terminal/text.ts";
import { visible } from "../../core/plot/markup.ts";
import { adminCheck } from "./admin.ts";
import { envoyChecks } from "./envoy/index.ts";
import { fileChecks } from "./files.ts";
import { haproxyChecks } from "./haproxy.ts";
import { machineChecks, readMachine } from "./machine.ts";
import { portChecks } from "./ports.ts";
import { fail, ok, type Check } from "./types.ts";
import { upstreamChecks } from "./upstreams.ts";

const usage = `Looks for what keeps a node from working well, and says what to do about each thing it finds.

  stuntdouble doctor [--config FILE] [--envoy ADMIN_URL] [--haproxy FILE] [--json]

  --config   configuration, or the URL of a store; default: ./stuntdouble.yaml if it exists, else the built-in one
  --envoy    URL of Envoy's admin port: how its ext_proc filter, its cluster and its routes are set up
  --haproxy  configuration file of HAProxy: options and timeouts that spoil streams
  --json     print one JSON array with name, result (ok, warn or fail), found and next of each check

Checked are: the configuration, ports, open files, cores, memory, files with secrets, the admin API, and of each upstream its name, a
connection, its certificate and its clock. Upstreams get a HEAD without a key, which nobody has to pay for.

Exit codes: 0 nothing failed (there may be warnings), 1 a check failed, 2 invalid arguments

Examples
  stuntdouble doctor --config stuntdouble.yaml --envoy http://127.0.0.1:9901
  stuntdouble doctor --haproxy /etc/haproxy/haproxy.cfg --json | jq '.[] | select(.result != "ok")'
`;

/** `stuntdouble doctor` */
export const doctor: Command = {
  name: "doctor",
  summary: "look for what keeps a node from working well",
  usage,
  async run(args, io) {
    const flags = parseFlags(args, { config: "string", envoy: "string", haproxy: "string", json: "boolean" });
    const checks = [
      ...(await nodeChecks(flags.config, io)),
      ...(flags.envoy === undefined ? [] : await envoyChecks(flags.envoy)),
      ...(flags.haproxy === undefined ? [] : await haproxyChecks(flags.haproxy, io)),
    ];
    io.out(flags.json === true ? `${jsonText(checks, 2)}\n` : checksText(checks, io));
    return checks.some(({ result }) => result === "fail") ? exitCodes.failed : exitCodes.good;
  },
};

const ordinaryFile = "stuntdouble.yaml";

async function nodeChecks(given: string | undefined, io: Io): Promise<Check[]> {
  const name = given ?? ((await fileExists(path.join(io.cwd, ordinaryFile))) ? ordinaryFile : undefined);
  const reading = { env: io.env, generation: 1 };
  const loaded =
    name === undefined
      ? { ...(await loadText("{}", { ...reading, folder: io.cwd })), shown: "built in" }
      : await readConfig(name, reading, io);
  if (!loaded.ok) {
    const [first = ""] = formatErrors(loaded.shown, loaded.errors).split("\n");
    const count = loaded.errors.length;
    const found = `it has ${count} error${count === 1 ? "" : "s"}: ${first}`;
    return [fail("configuration", found, `stuntdouble check ${loaded.shown} shows all of them`)];
  }
  const folder = name === undefined || isStoreUrl(name) ? io.cwd : path.dirname(path.resolve(io.cwd, name));
  return [ok("configuration", `${loaded.shown} is valid`), ...(await settingsChecks(loaded.settings, folder, io))];
}

async function settingsChecks(settings: Settings, folder: string, io: Io): Promise<Check[]> {
  const upstreams = upstreamChecks(settings);
  return [
    ...(await portChecks(settings.config)),
    ...machineChecks(await readMachine(io.env), settings.config),
    ...(await fileChecks(settings, folder)),
    adminCheck(settings),
    ...(await upstreams),
  ];
}

const tones: Readonly<Record<Check["result"], Tone>> = { ok: "good", warn: "warn", fail: "bad" };

function checksText(checks: readonly Check[], io: Io): string {
  const style = styleFor(io);
  const width = checks.reduce((most, { name }) => Math.max(most, name.length), 0);
  const lines = checks.flatMap(({ name, result, found, next }) => [
    `${style(tones[result], result.padEnd(4))}  ${visible(name).padEnd(width)}  ${visible(found)}`,
    ...(next === undefined ? [] : [`      ${" ".repeat(width)}  → ${visible(next)}`]),
  ]);
  const count = (wanted: Check["result"]): number => checks.filter(({ result }) => result === wanted).length;
  return `${lines.join("\n")}\n${count("ok")} ok, ${count("warn")} warnings, ${count("fail")} failed\n`;
}

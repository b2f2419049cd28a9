import path from "node:path";
import { profileText } from "../../config/sections/profile-text.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import { columns } from "../../core/page/table.ts";
import { createAdminClient, type AdminClient } from "../admin-client.ts";
import { parseWords, type Io } from "../args.ts";
import { refuseToOverwrite, writeText } from "./output.ts";

const flagKinds = {
  output: "string",
  force: "boolean",
  admin: "string",
  "token-env": "string",
  json: "boolean",
} as const;

/** `stuntdouble profile learned` */
export async function learned(args: readonly string[], io: Io): Promise<number> {
  const { flags, words } = parseWords(args, flagKinds);
  const [name, ...others] = words;
  const { output, force = false } = flags;
  if (others.length > 0 || (name === undefined) !== (output === undefined))
    throw new StuntdoubleError(
      "CONFIG_INVALID",
      "expected nothing, or the NAME of a learned profile and -o FILE, as in: stuntdouble profile learned learned-openai-gpt-4o -o mine.yaml",
    );
  const client = createAdminClient(flags, io.env);
  if (name === undefined || output === undefined) {
    const told = await client.learnedProfiles();
    io.out(flags.json === true ? `${JSON.stringify(told, undefined, 2)}\n` : tableText(told));
    return 0;
  }
  const target = { file: output, force };
  refuseToOverwrite(target, io);
  const profile = await client.learnedProfile(name);
  await writeText(target, profileText({ ...profile, name: nameOf(output) }), io);
  io.out(`${output}: ${profile.description}\n`);
  return 0;
}

type Told = Awaited<ReturnType<AdminClient["learnedProfiles"]>>;

function tableText({ models }: Told): string {
  if (models.length === 0) return "Nothing was learned yet.\n";
  const head = ["profile", "upstream", "model", "calls", "streams", "count as", "enough", "since"];
  const rows = models.map(({ name, upstream, model, calls, streams, effectiveStreams, isEnough, since }) => {
    return [name, upstream, model, ...[calls, streams, effectiveStreams].map(String), isEnough ? "yes" : "no", since];
  });
  return `${columns([head, ...rows])}\n`;
}

/** A profile is known by the name of its file. */
function nameOf(file: string): string {
  const name = path.basename(file).replace(/\.ya?ml$/, "");
  if (/^[\w.-]+$/.test(name)) return name;
  throw new StuntdoubleError(
    "CONFIG_INVALID",
    `the name of the file is that of the profile, and must be letters, digits, dots, dashes and underscores, not "${name}".`,
  );
}

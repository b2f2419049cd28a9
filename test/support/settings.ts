import { crossCheck, type Environment } from "../../src/config/checks.ts";
import { createReadFiles } from "../../src/config/files/identity.ts";
import { readPrices } from "../../src/config/prices/read.ts";
import { readRecordings } from "../../src/config/recordings/read.ts";
import { settingsOf, type Settings } from "../../src/config/load.ts";
import { configSchema } from "../../src/config/schema.ts";
import { profileOf } from "./profile.ts";

/** A configuration as it stands in a file. */
export type ConfigObject = Readonly<Record<string, unknown>>;

/** The head at once, TTFT 400 ms, then a token every 15 ms, three tokens: for the model `steady`. */
const steady = profileOf({
  name: "steady",
  models: ["steady"],
  outputTokens: { kind: "constant", value: 3 },
  head: "at-once",
});

/** Read once, because that takes long. */
const shipped = settingsOf({}, {}).then(({ profiles }) => profiles);

/**
 * The settings of a configuration, schema and all checks included, with the shipped profiles and `steady`.
 *
 * @throws CONFIG_INVALID naming every error
 */
export async function settingsWithSteady(config: ConfigObject, env: Environment = {}): Promise<Settings> {
  const raw = { workers: 1, ...config };
  const profiles = [steady, ...(await shipped)];
  const { success, data } = configSchema.safeParse(raw);
  if (!success || crossCheck(raw, { profiles, env, extProc: false }).findings.length > 0)
    return await settingsOf(raw, env);
  const certificates = { listen: undefined, extProc: undefined };
  const files = createReadFiles();
  const { folders: recordings } = await readRecordings(data, { folder: ".", findings: [], files });
  const { prices } = await readPrices(data, { folder: ".", findings: [], files });
  return { config: data, prices, profiles, env, generation: 1, certificates, upstreamFiles: {}, recordings };
}

import path from "node:path";
import type { ConfigFinding, GivenConfiguration } from "../../admin/given-configuration.ts";
import { versionOf } from "../../admin/given-configuration.ts";
import { ProblemError } from "../../admin/problem.ts";
import type { ConfigSource } from "../../admin/resource.ts";
import { loadText, type Loaded } from "../../config/load.ts";
import type { ConfigError } from "../../config/places.ts";
import { restartPaths } from "../../config/restart.ts";
import { loadResult, type Overrides, type Reloader } from "../reload.ts";
import { refuseOpenAdmin } from "./open-admin.ts";

/** What a configuration that is sent is read with. */
export type GivenPlace = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative names of files start, where the node has no file itself. */
  readonly folder: string;
  readonly overrides: Overrides;
};

/** What is needed to put one in force. */
type GivenOptions = {
  readonly reloader: Reloader;
  /** The file of the node, or the URL of its store. */
  readonly file?: string | undefined;
  /** Where its configuration comes from, where that is a store. */
  source?(): ConfigSource;
  readonly given?: GivenPlace;
};

/** Given by a node that says nothing of it. */
const nowhere: GivenPlace = {
  env: {},
  folder: ".",
  overrides: { port: undefined, adminPort: undefined, extProc: undefined },
};

/** What errors call it. */
const bodyName = "<body>";

/** Makes what takes configurations that are sent to the admin API. */
export function createGivenConfiguration(options: GivenOptions): GivenConfiguration & { isInForce(): boolean } {
  const { reloader, file, source, given = nowhere } = options;
  const folder = file === undefined || source !== undefined ? given.folder : path.dirname(file);
  let isInForce = false;
  const read = async (text: string, generation: number): Promise<Loaded> => {
    const extProc = given.overrides.extProc !== undefined;
    return await loadText(text, { env: given.env, folder, generation, extProc });
  };
  return {
    isInForce: () => isInForce,
    async check(text) {
      refuseOpenAdmin(reloader.settings(), "Configurations that are sent");
      return findingsIn(await read(text, reloader.settings().generation + 1));
    },
    async apply(text, { by }, requireVersion) {
      refuseOpenAdmin(reloader.settings(), "Configurations that are sent");
      refuseElsewhere(options);
      requireVersion(versionOf(reloader.settings()));
      let findings: readonly ConfigFinding[] = [];
      let restart: readonly string[] = [];
      const load = async (generation: number) => {
        const before = reloader.settings();
        const loaded = await read(text, generation);
        findings = findingsIn(loaded);
        const result = loadResult(loaded, bodyName, given.overrides);
        restart = result.ok ? restartPaths(before.config, result.settings.config) : [];
        return result;
      };
      // Once more where it is its turn: another one may have come into force while it waited.
      const before = (): void => requireVersion(versionOf(reloader.settings()));
      const result = await reloader.reload({ from: "api", by, load, before });
      if (!result.ok) return { ok: false, findings: withReasons(findings, result.errors) };
      isInForce = true;
      const { generation, hash } = result;
      return { ok: true, findings, generation, hash, restart };
    },
  };
}

/** @throws ProblemError 409 where the next reload would undo what was sent */
function refuseElsewhere({ file, source }: GivenOptions): void {
  if (file === undefined && source === undefined) return;
  const place = file ?? "a configuration store";
  throw new ProblemError(
    409,
    `The configuration of this node is in ${place}; change it there. A configuration can be sent only to a node that was started without one.`,
  );
}

function findingsIn(loaded: Loaded): ConfigFinding[] {
  const found =
    (severity: "error" | "warning") =>
    (error: ConfigError): ConfigFinding => {
      const { line, column, path: at, code, ...words } = error;
      return { ...words, file: error.file ?? bodyName, line, column, path: at, severity, code };
    };
  const errors = loaded.ok ? [] : loaded.errors;
  return [...errors.map(found("error")), ...loaded.warnings.map(found("warning"))];
}

/** What kept a configuration without errors from being put in force, such as a token that is not there. */
function withReasons(findings: readonly ConfigFinding[], reasons: readonly string[]): readonly ConfigFinding[] {
  if (findings.some(({ severity }) => severity === "error")) return findings;
  const place = { file: bodyName, line: 1, column: 1, path: "", severity: "error", code: "conflict" } as const;
  return [...reasons.map((message) => ({ ...place, message })), ...findings];
}

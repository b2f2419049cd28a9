import path from "node:path";
import type { ConfigTexts, ConfigurationView, LastReload, Mistake } from "../../admin/configuration.ts";
import { compile } from "../../config/compile.ts";
import { schemaText } from "../../config/document.ts";
import type { Settings } from "../../config/load.ts";
import { formatErrors, type ConfigError } from "../../config/places.ts";
import { aroundChanges, lineDiff } from "../../core/line-diff.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import { explainRequest, explanationText } from "../explain/explain.ts";
import { traceOf } from "../explain/trace.ts";
import type { Reloader } from "../reload.ts";
import type { Attempt, ConfigText } from "./history.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** Makes what pages show of a node's configuration. */
export function createConfigurationView(reloader: Reloader): ConfigurationView {
  const compiled = compiledOnce(reloader);
  const masked = (text: string): string => withoutSecrets(text, reloader.settings().env);
  return {
    async explain({ method, path: target, headers, body }) {
      const described = {
        method,
        target,
        headers: headers.map(([name, value]) => [name, [value]] as const),
        body: body === undefined ? undefined : Buffer.from(body),
      };
      return explanationText(await explainRequest(described, reloader.settings()));
    },
    trace: (call) => ({
      rules: traceOf(call, compiled()),
      isOlder: call.startedAtMs < reloader.tally().lastSuccessMs && reloader.tally().success > 0,
    }),
    traffic: () => originOf(reloader.settings()),
    warnings() {
      const { current } = reloader.history();
      return current === undefined ? [] : current.warnings.map((each) => mistakeOf(each, current, masked));
    },
    texts: () => textsOf(reloader, masked),
    schema: schemaText,
    reloadedAtMs: () => reloader.history().last?.atMs ?? 0,
  };
}

function originOf({ config: { listen } }: Settings): string {
  return `${listen.tls === undefined ? "http" : "https"}://localhost:${listen.port}`;
}

/** The rules of the configuration in force, compiled when they are first asked for. */
function compiledOnce(reloader: Reloader): () => Snapshot {
  let last: { readonly settings: Settings; readonly snapshot: Snapshot } | undefined;
  return () => {
    const settings = reloader.settings();
    if (last?.settings !== settings) last = { settings, snapshot: compile(settings) };
    return last.snapshot;
  };
}

type Masked = (text: string) => string;

function textsOf(reloader: Reloader, masked: Masked): ConfigTexts {
  const { current, before, last } = reloader.history();
  const [text, old] = [current?.text, before?.text].map((each) => each && masked(each));
  return {
    name: current?.name,
    text,
    diff: text === undefined || old === undefined ? undefined : aroundChanges(lineDiff(old, text)),
    last: last && lastOf(last, masked),
  };
}

function lastOf({ atMs, ok, cause, errors, read }: Attempt, masked: Masked): LastReload {
  const located = read?.errors ?? [];
  const mistakes =
    read !== undefined && located.length > 0
      ? located.map((error) => mistakeOf(error, read, masked))
      : errors.map((message) => ({ place: "", message: masked(message) }));
  return { atMs, ok, from: cause.from, by: cause.by, mistakes };
}

function mistakeOf(error: ConfigError, { name, text }: ConfigText, masked: Masked): Mistake {
  const { file = name, line, column, code } = error;
  const place = `${path.basename(file)}:${line}:${column}`;
  const words = formatErrors(path.basename(file), [{ ...error, file: path.basename(file) }]);
  const isHere = error.file === undefined && text !== undefined;
  return {
    place,
    message: masked(words.startsWith(place) ? words.slice(place.length + 1) : words),
    text: isHere ? masked(text).split("\n")[line - 1] : undefined,
    column,
    code,
  };
}

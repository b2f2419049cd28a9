import { hash32 } from "../../rng.ts";
import { openJson } from "../shared/json-body.ts";
import { jsonResponse } from "./response.ts";
import { readModel } from "./check.ts";
import { probeOf } from "../shared/probe.ts";
import { rfc3339Micros } from "../shared/timestamp.ts";
import { withoutDelay, factsOfModel, textless } from "../shared/textless.ts";
import type { Opened, Operation, Script } from "../types.ts";

type Listed = { readonly name: string; readonly family: string; readonly billions: number };

/** The models that a stand-in lists; it answers for any other name too. */
const listed: readonly Listed[] = [
  { name: "gemma3:4b", family: "gemma3", billions: 4.3 },
  { name: "gpt-oss:20b", family: "gptoss", billions: 20.9 },
  { name: "llama3.2:latest", family: "llama", billions: 3.2 },
  { name: "nomic-embed-text:latest", family: "nomic-bert", billions: 0.137 },
  { name: "qwen3:8b", family: "qwen3", billions: 8.2 },
];
/** Of models that are not listed. */
const unlisted = { family: "llama", billions: 8 };
const modifiedAt = "2025-09-01T08:00:00.000000Z";
/** Of 4-bit quantization with its scales. */
const bytesPerParameter = 0.6;
const keptAliveMs = 300_000;

/** `GET /api/tags`, the models there are. @see https://github.com/ollama/ollama/blob/main/docs/api.md */
export const tags: Operation = {
  name: "tags",
  method: "GET",
  route: "/api/tags",
  open: () => respondWith(undefined, () => JSON.stringify({ models: listed.map((model) => entryOf(model)) })),
};

/** `GET /api/ps`, the models in memory: the smallest one that chats. */
export const running: Operation = {
  name: "ps",
  method: "GET",
  route: "/api/ps",
  open: () =>
    respondWith(undefined, ({ createdSeconds }) => {
      const { modified_at: _, ...entry } = entryOf(listed[2]!);
      const expiresAt = rfc3339Micros(createdSeconds * 1000 + keptAliveMs);
      const loaded = { ...entry, expires_at: expiresAt, size_vram: entry.size, context_length: 4096 };
      return JSON.stringify({ models: [loaded] });
    }),
};

/** `GET /api/version`. */
export const version: Operation = {
  name: "version",
  method: "GET",
  route: "/api/version",
  open: () => respondWith(undefined, () => `{"version":"0.12.6"}`),
};

/** `GET /`, by which clients see that the server runs. @see https://github.com/ollama/ollama/blob/main/docs/faq.md */
export const root: Operation = probeOf(
  { route: "/", contentType: "text/plain; charset=utf-8", body: "Ollama is running" },
  (contentType) => ({ status: 200, headers: ["content-type", contentType] }),
);

/** `POST /api/show`: what is known of one model; any name is a model. */
export const show: Operation = {
  name: "show",
  method: "POST",
  route: "/api/show",
  open({ body }) {
    const json = openJson(body, ["model"]);
    const model = json.member("model");
    const name = typeof model === "string" ? model : undefined;
    return respondWith(
      name,
      () => "",
      () => JSON.stringify(shownOf(readModel(json.whole()))),
    );
  },
};

function entryOf({ name, family, billions }: Listed) {
  const digits = Array.from({ length: 8 }, (_, index) => hash32(name, index).toString(16).padStart(8, "0"));
  return {
    name,
    model: name,
    modified_at: modifiedAt,
    size: Math.round(billions * 1e9 * bytesPerParameter),
    digest: digits.join(""),
    details: detailsOf({ family, billions }),
  };
}

function detailsOf({ family, billions }: Omit<Listed, "name">) {
  const size = billions < 1 ? `${Math.round(billions * 1000)}M` : `${billions.toFixed(1)}B`;
  const quantization = family === "nomic-bert" ? "F16" : "Q4_K_M";
  const common = { parent_model: "", format: "gguf", family, families: [family] };
  return { ...common, parameter_size: size, quantization_level: quantization };
}

function shownOf(model: string): object {
  const known = listed.find(({ name }) => name === model || name === `${model}:latest`) ?? unlisted;
  const embeds = model.includes("embed");
  return {
    license: "",
    modelfile: `FROM ${model}\n`,
    parameters: "",
    template: "{{ .Prompt }}",
    details: detailsOf(known),
    model_info: {
      "general.architecture": known.family,
      "general.parameter_count": Math.round(known.billions * 1e9),
      [`${known.family}.context_length`]: 131_072,
    },
    capabilities: embeds ? ["embedding"] : ["completion", "tools", "thinking", "vision"],
    modified_at: modifiedAt,
  };
}

/** Such a response needs no model, so it comes at once. @param check makes the body while the request is checked */
function respondWith(model: string | undefined, bodyOf: (script: Script) => string, check?: () => string): Opened {
  return {
    facts: factsOfModel(model),
    ask() {
      const checked = check?.();
      return textless({
        model: model ?? "",
        promptTokens: 0,
        write: (script) => jsonResponse(withoutDelay(script), 0, checked ?? bodyOf(script)),
      });
    },
  };
}

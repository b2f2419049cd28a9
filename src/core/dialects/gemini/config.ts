import type { Compose } from "../../simulator/parts.ts";
import { composer, type Tool, type Wanted } from "../../simulator/compose.ts";
import { splitTokens } from "../../simulator/tokens.ts";
import { field, listOf, readTexts, refuseRule, refuseType, valueOf } from "./check.ts";
import { askingTexts, endsWithResult } from "./contents.ts";
import { toJsonSchema } from "./schema.ts";
import { check, read } from "../shared/fields.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";
import { promptedJson } from "../shared/prompted-json.ts";
import type { AskSettings } from "../types.ts";

/** What a request asks of its response. */
export type GenerateConfig = {
  readonly maxTokens: number | undefined;
  readonly choices: number;
  readonly stops: readonly string[];
  readonly seed: number | undefined;
  /** Thoughts are shown, not only counted. */
  readonly showThoughts: boolean;
  readonly compose: Compose | undefined;
};

const maxCandidates = 8;
const maxStops = 5;
const maxBudget = 32_768;
const mimeTypes = ["text/plain", "application/json", "text/x.enum"];

const members = {
  config: field.object("generationConfig", { called: "GenerationConfig" }),
  toolConfig: field.object("toolConfig", { called: "ToolConfig" }),
};

const sampling = [
  field.number("temperature", { min: 0, max: 2 }),
  field.number("topP", { min: 0, max: 1 }),
  field.number("presencePenalty", { min: -2, max: 2 }),
  field.number("frequencyPenalty", { min: -2, max: 2 }),
  field.integer("topK", { min: 1 }),
  field.integer("logprobs"),
];

const configFields = {
  responseLogprobs: field.boolean("responseLogprobs"),
  maxTokens: field.integer("maxOutputTokens", { min: 1 }),
  candidates: field.integer("candidateCount", { min: 1 }),
  thinking: field.object("thinkingConfig", { called: "ThinkingConfig" }),
  mimeType: field.string("responseMimeType"),
  schema: field.object("responseSchema", { called: "Schema" }),
  seed: field.integer("seed"),
};

const thinkingFields = {
  show: field.boolean("includeThoughts"),
  budget: field.integer("thinkingBudget"),
  level: field.string("thinkingLevel"),
};

const declarationFields = {
  name: field.string("name"),
  parameters: field.object("parameters", { called: "Schema" }),
};

const toolFields = {
  calling: field.object("functionCallingConfig", { called: "FunctionCallingConfig" }),
  mode: field.string("mode"),
};

const path = "generation_config";

/**
 * Reads and checks everything that shapes a response.
 *
 * @throws BODY_INVALID with the path of the first mistake
 * @see https://ai.google.dev/api/generate-content#v1beta.GenerationConfig
 */
export function readConfig(body: JsonObject, settings: AskSettings = {}): GenerateConfig {
  const config = read(body, members.config) ?? {};
  check(config, sampling, path);
  if (read(config, configFields.responseLogprobs, path) === true) {
    refuseRule(`${path}.response_logprobs`, "Logprobs is not enabled for this model.");
  }
  const maxTokens = read(config, configFields.maxTokens, path);
  const choices = read(config, configFields.candidates, path) ?? 1;
  if (choices > maxCandidates) {
    refuseRule(`${path}.candidate_count`, `candidate_count must be in the range [1, ${maxCandidates}].`);
  }
  const stops = readTexts(config, "stopSequences", path);
  if (stops.length > maxStops) refuseRule(`${path}.stop_sequences`, `at most ${maxStops} stop sequences are allowed.`);
  const thinking = readThinking(config);
  const tools = readTools(body);
  const wanted: Wanted = {
    ...readCalling(body, tools),
    parallel: true,
    afterToolResult: endsWithResult(valueOf(body, "contents")),
    json: undefined,
    reasoningShare: 0,
  };
  const format = readFormat(config);
  const json = format.oneOf === undefined ? promptedJson(askingTexts(body), format.json, settings) : undefined;
  const compose = composeOf(wanted, { ...format, json }, thinking);
  const seed = read(config, configFields.seed, path);
  return { maxTokens, choices, stops, seed, showThoughts: thinking.show, compose };
}

type Thinking = { readonly show: boolean; readonly share: number; readonly most: number };

/** How much of a response is thought, by level; the same for a budget. An estimate: it depends on model and task. */
const shares: Readonly<Record<string, number>> = {
  MINIMAL: 0.1,
  LOW: 0.25,
  MEDIUM: 0.5,
  HIGH: 0.7,
  THINKING_LEVEL_UNSPECIFIED: 0.5,
};
const usualShare = 0.5;

/** A request that does not ask for thoughts gets none: the latency of a profile contains them. */
function readThinking(config: JsonObject): Thinking {
  const thinking = read(config, configFields.thinking, path);
  if (thinking === undefined) return { show: false, share: 0, most: 0 };
  const at = `${path}.thinking_config`;
  const show = read(thinking, thinkingFields.show, at) ?? false;
  const budget = read(thinking, thinkingFields.budget, at);
  const level = read(thinking, thinkingFields.level, at)?.toUpperCase();
  if (budget !== undefined && level !== undefined) {
    refuseRule(at, "You can only set one of thinking budget and thinking level.");
  }
  if (budget !== undefined && (budget < -1 || budget > maxBudget)) {
    const rule = `The thinking budget ${budget} is invalid. Please choose a value between 0 and ${maxBudget}.`;
    refuseRule(`${at}.thinking_budget`, rule);
  }
  if (level !== undefined && !Object.hasOwn(shares, level)) {
    refuseType(`${at}.thinking_level`, "ThinkingConfig.ThinkingLevel", level);
  }
  if (budget === 0) return { show, share: 0, most: 0 };
  const asked = show || budget !== undefined || level !== undefined;
  const share = asked ? (shares[level ?? ""] ?? usualShare) : 0;
  return { show, share, most: budget === undefined || budget === -1 ? Infinity : budget };
}

function composeOf(wanted: Wanted, format: Format, { share, most }: Thinking): Compose | undefined {
  const compose = (reasoningShare: number): Compose | undefined =>
    composer({ ...wanted, json: format.json, reasoningShare });
  const calls = wanted.tools.length > 0 && wanted.choice !== "none";
  if (format.oneOf !== undefined && !calls) return oneOf(format.oneOf);
  if (share === 0) return compose(0);
  return (tokens, rng, ...rest) => compose(Math.min(share, most / tokens))!(tokens, rng, ...rest);
}

/** Says one of some texts, which `text/x.enum` asks for. */
function oneOf(values: readonly string[]): Compose {
  return (_tokens, rng) => {
    const text = values[Math.floor(rng() * values.length)]!;
    return [{ kind: "text", tokens: splitTokens(text), text }];
  };
}

type Format = { readonly json: Wanted["json"]; readonly oneOf: readonly string[] | undefined };

function readFormat(config: JsonObject): Format {
  const mimeType = read(config, configFields.mimeType, path) || "text/plain";
  if (!mimeTypes.includes(mimeType)) {
    const list = mimeTypes.map((each) => `\`${each}\``).join(", ");
    refuseRule(`${path}.response_mime_type`, `allowed mimetypes are ${list}.`);
  }
  const own = read(config, configFields.schema, path);
  const standard = valueOf(config, "responseJsonSchema");
  if (own !== undefined && standard !== undefined) {
    refuseRule(`${path}.response_json_schema`, "only one of response_schema and response_json_schema may be set.");
  }
  const schema = own === undefined ? standard : toJsonSchema(own);
  if (mimeType === "text/plain") {
    if (schema === undefined) return { json: undefined, oneOf: undefined };
    return refuseRule(`${path}.response_mime_type`, "a response schema needs the mimetype `application/json`.");
  }
  if (mimeType === "application/json") return { json: schema === undefined ? "object" : { schema }, oneOf: undefined };
  const values = isObject(schema) ? listOf(schema["enum"]).filter((value) => typeof value === "string") : [];
  if (values.length === 0) refuseRule(`${path}.response_schema.enum`, "`text/x.enum` needs a schema with an enum.");
  return { json: undefined, oneOf: values };
}

const functionName = /^[A-Za-z_][\w.:-]{0,127}$/;

/** The functions that a request declares; tools of the provider's own need nothing here. */
function readTools(body: JsonObject): readonly Tool[] {
  return listOf(valueOf(body, "tools")).flatMap((tool, at) => {
    if (!isObject(tool)) return refuseType(`tools[${at}]`, "Tool", tool);
    return listOf(valueOf(tool, "functionDeclarations")).map((each, index) =>
      readDeclaration(each, `tools[${at}].function_declarations[${index}]`),
    );
  });
}

function readDeclaration(declaration: unknown, at: string): Tool {
  if (!isObject(declaration)) return refuseType(at, "FunctionDeclaration", declaration);
  const name = read(declaration, declarationFields.name, at) ?? "";
  if (!functionName.test(name)) {
    return refuseRule(
      `${at}.name`,
      "Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:) or dashes (-), with a maximum length of 128.",
    );
  }
  const own = read(declaration, declarationFields.parameters, at);
  const standard = valueOf(declaration, "parametersJsonSchema");
  if (own !== undefined && standard !== undefined) {
    refuseRule(`${at}.parameters_json_schema`, "only one of parameters and parameters_json_schema may be set.");
  }
  return { name, parameters: own === undefined ? standard : toJsonSchema(own) };
}

const modes: Readonly<Record<string, "none" | "auto" | "required">> = {
  MODE_UNSPECIFIED: "auto",
  AUTO: "auto",
  VALIDATED: "auto",
  ANY: "required",
  NONE: "none",
};

function readCalling(body: JsonObject, tools: readonly Tool[]): Pick<Wanted, "tools" | "choice"> {
  const at = "tool_config.function_calling_config";
  const calling = read(read(body, members.toolConfig) ?? {}, toolFields.calling, "tool_config");
  if (calling === undefined) return { tools, choice: "auto" };
  const mode = read(calling, toolFields.mode, at) ?? "MODE_UNSPECIFIED";
  const choice = Object.hasOwn(modes, mode) ? modes[mode] : undefined;
  if (choice === undefined) return refuseType(`${at}.mode`, "FunctionCallingConfig.Mode", mode);
  const names = readTexts(calling, "allowedFunctionNames", at);
  if (names.length === 0) {
    if (choice === "required" && tools.length === 0) {
      refuseRule(at, "Function calling config is set without function_declarations.");
    }
    return { tools, choice };
  }
  if (mode !== "ANY" && mode !== "VALIDATED") {
    refuseRule(`${at}.allowed_function_names`, "allowed_function_names may only be set when the mode is ANY.");
  }
  const unknown = names.find((name) => !tools.some((tool) => tool.name === name));
  if (unknown !== undefined) {
    refuseRule(`${at}.allowed_function_names`, "each name must be one of the declared functions.");
  }
  return { tools: tools.filter(({ name }) => names.includes(name)), choice };
}

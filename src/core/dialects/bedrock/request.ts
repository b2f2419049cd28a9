import type { Tool, Wanted } from "../../simulator/compose.ts";
import { check, read, required } from "../shared/fields.ts";
import type { JsonObject } from "../shared/json-body.ts";
import { asObject, at, field, refuse, refuseByModel } from "./check.ts";
import { checkMessages, checkSystem, endsWithToolResult } from "./messages.ts";

/** What a request to converse asks for. */
export type ConverseRequest = {
  readonly maxTokens: number | undefined;
  readonly stops: readonly string[];
  readonly wanted: Wanted;
  /** Max tokens of reasoning; 0 where none is asked for. */
  readonly reasoningTokens: number;
};

/** How much of a response is reasoning, where it is asked for; the budget may allow less. */
const reasoningShare = 0.5;

const members = {
  inference: field.object("inferenceConfig"),
  tools: field.object("toolConfig"),
  output: field.object("outputConfig"),
  more: field.object("additionalModelRequestFields"),
};
/** The rest of a request, which does not change a simulated response. */
const rest = [
  field.object("guardrailConfig"),
  field.object("promptVariables"),
  field.array("additionalModelResponseFieldPaths", { max: 10 }),
  field.object("requestMetadata"),
  field.object("performanceConfig", { fields: [field.word("latency", ["standard", "optimized"])] }),
  field.object("serviceTier", {
    fields: [required(field.word("type", ["priority", "default", "flex", "reserved"]))],
  }),
];
const inferenceFields = {
  maxTokens: field.integer("maxTokens", { min: 1 }),
  stops: field.list("stopSequences", field.string("stopSequences", { min: 1 }), { max: 2500 }),
  sampling: [field.number("temperature", { min: 0, max: 1 }), field.number("topP", { min: 0, max: 1 })],
};
const toolFields = {
  tools: required(field.array("tools", { min: 1 })),
  choice: field.object("toolChoice"),
  spec: field.object("toolSpec"),
  name: required(field.string("name", { min: 1, max: 64, pattern: /^[a-zA-Z0-9_-]+$/ })),
  description: field.string("description", { min: 1 }),
  schema: required(field.object("inputSchema")),
  chosen: field.object("tool"),
};
const outputFields = {
  format: field.object("textFormat"),
  type: required(field.word("type", ["json_schema"])),
  structure: required(field.object("structure")),
  definition: required(field.object("jsonSchema")),
  schema: required(field.string("schema")),
};
const reasoningFields = {
  type: field.string("type"),
  budget: field.integer("budget_tokens"),
};

/**
 * Reads a request to converse, whole.
 *
 * @throws BODY_INVALID in the service's words, for the first mistake
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
 */
export function readConverse(body: JsonObject, strict: boolean): ConverseRequest {
  checkCountable(body, strict);
  check(body, rest);
  const path = "inferenceConfig";
  const inference = read(body, members.inference) ?? {};
  const maxTokens = read(inference, inferenceFields.maxTokens, path);
  check(inference, inferenceFields.sampling, path);
  const stops = read(inference, inferenceFields.stops, path) ?? [];
  const reasoningTokens = readReasoning(body, maxTokens);
  const wanted: Wanted = {
    ...readTools(body),
    parallel: true,
    afterToolResult: endsWithToolResult(body),
    json: readFormat(body),
    reasoningShare: reasoningTokens > 0 ? reasoningShare : 0,
  };
  return { maxTokens, stops, wanted, reasoningTokens };
}

/** Checks what of a request is counted. @throws BODY_INVALID in the service's words */
export function checkCountable(body: JsonObject, strict: boolean): void {
  checkMessages(body, strict);
  checkSystem(body);
  readTools(body);
}

function readTools(body: JsonObject): Pick<Wanted, "tools" | "choice"> {
  const config = read(body, members.tools);
  if (config === undefined) return { tools: [], choice: "auto" };
  const tools = read(config, toolFields.tools, "toolConfig").flatMap((tool, index) =>
    readTool(tool, { path: at("toolConfig.tools", index), index }),
  );
  const names = tools.map(({ name }) => name);
  if (new Set(names).size < names.length) refuseByModel("tools: Tool names must be unique.");
  const choice = read(config, toolFields.choice, "toolConfig");
  if (choice?.["any"] !== undefined) return { tools, choice: "required" };
  const chosen = choice === undefined ? undefined : read(choice, toolFields.chosen, "toolConfig.toolChoice");
  if (chosen === undefined) return { tools, choice: "auto" };
  const name = read(chosen, toolFields.name, "toolConfig.toolChoice.tool");
  if (!names.includes(name)) refuseByModel(`tool_choice: Tool '${name}' not found in provided tools`);
  return { tools, choice: { name } };
}

/** Tools of the service's own, and marks of the cache, are taken and never called. */
function readTool(value: unknown, { path, index }: { path: string; index: number }): readonly Tool[] {
  const spec = read(asObject(value, path), toolFields.spec, path);
  if (spec === undefined) return [];
  const name = read(spec, toolFields.name, `${path}.toolSpec`);
  read(spec, toolFields.description, `${path}.toolSpec`);
  const { json } = read(spec, toolFields.schema, `${path}.toolSpec`);
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return [{ name, parameters: json }];
  // @see aws-sdk-net#3377
  return refuse(
    `The format of the value at toolConfig.tools.${index}.toolSpec.inputSchema.json is invalid. Provide a json object for the field and try again.`,
  );
}

function readFormat(body: JsonObject): Wanted["json"] {
  const config = read(body, members.output);
  const format = config && read(config, outputFields.format, "outputConfig");
  if (format === undefined) return undefined;
  const path = "outputConfig.textFormat";
  read(format, outputFields.type, path);
  const structure = read(format, outputFields.structure, path);
  const definition = read(structure, outputFields.definition, `${path}.structure`);
  const schema = parsed(read(definition, outputFields.schema, `${path}.structure.jsonSchema`));
  return schema === undefined ? refuse(`The schema at ${path}.structure.jsonSchema is not valid JSON.`) : { schema };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Anthropic's models think where these fields say so, under either of two names. */
function readReasoning(body: JsonObject, maxTokens = Infinity): number {
  const more = read(body, members.more) ?? {};
  const thinking = read(more, field.object("thinking")) ?? read(more, field.object("reasoning_config"));
  const type = thinking && read(thinking, reasoningFields.type);
  if (thinking === undefined || (type !== "enabled" && type !== "adaptive")) return 0;
  const budget = read(thinking, reasoningFields.budget, "thinking") ?? maxTokens;
  if (type === "enabled" && budget < 1024) {
    refuseByModel("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
  }
  if (type === "enabled" && budget >= maxTokens) {
    refuseByModel("`max_tokens` must be greater than `thinking.budget_tokens`.");
  }
  return budget;
}

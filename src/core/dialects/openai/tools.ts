import type { Tool, Wanted } from "../../simulator/compose.ts";
import { asObject, field, refuse, refuseValue } from "./check.ts";
import { read, required } from "../shared/fields.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";
import { checkParameters } from "./strict.ts";

/** The tools of a request, and which of them are to be called. */
export type Tooling = {
  /** `functions` is how requests named them before there were tools. */
  readonly style: "tools" | "functions";
  readonly tools: readonly Tool[];
  /** Names of those that take text and not JSON. */
  readonly custom: ReadonlySet<string>;
  readonly choice: Wanted["choice"];
  readonly parallel: boolean;
};

/** The name of a tool or a schema, which has only letters, digits, `_` and `-`. */
export const toolName = required(field.string("name", { max: 64, pattern: /^[a-zA-Z0-9_-]+$/ }));

const choices = ["none", "auto", "required"] as const;
const listed = { called: "an array of objects", min: 1, max: 128 };

const members = {
  tools: field.array("tools", { ...listed, elements: "tools" }),
  parallel: field.boolean("parallel_tool_calls"),
  choice: field.mixed("tool_choice", textOrObject, { called: "a string or an object" }),
  functions: field.array("functions", { ...listed, elements: "functions" }),
  call: field.mixed("function_call", textOrObject, { called: "a string or an object" }),
};

const toolFields = {
  type: required(field.word("type", ["function", "custom"], { nullIsMissing: true })),
  function: required(field.object("function")),
  custom: required(field.object("custom")),
};

const functionFields = {
  strict: field.boolean("strict"),
  description: field.string("description"),
  parameters: field.object("parameters"),
};

const inputFields = {
  format: field.object("format"),
  type: required(field.word("type", ["text", "grammar"], { nullIsMissing: true })),
  grammar: required(field.object("grammar")),
  definition: required(field.string("definition")),
  syntax: required(field.word("syntax", ["lark", "regex"], { nullIsMissing: true })),
};

const choiceFields = {
  type: required(field.word("type", ["function", "custom", "allowed_tools"], { nullIsMissing: true })),
  allowed: required(field.object("allowed_tools")),
  mode: required(field.word("mode", ["auto", "required"], { nullIsMissing: true })),
  tools: required(field.array("tools", { called: "an array of objects", elements: "tools", min: 1 })),
};

function textOrObject(value: unknown): string | JsonObject | undefined {
  return typeof value === "string" || isObject(value) ? value : undefined;
}

/**
 * Reads the tools of a chat request, or its `functions`.
 *
 * @returns undefined when there are none
 * @throws BODY_INVALID with the path of the first mistake
 */
export function readTooling(body: JsonObject): Tooling | undefined {
  const list = read(body, members.tools);
  const parallel = read(body, members.parallel);
  if (list === undefined) {
    if (read(body, members.choice) !== undefined) refuseAlone("tool_choice", "tools");
    if (parallel !== undefined) refuseAlone("parallel_tool_calls", "tools");
    return readFunctions(body);
  }
  if ((body["functions"] ?? undefined) !== undefined) {
    const problem = "The parameters 'tools' and 'functions' cannot be used together. Use 'tools'.";
    refuse("functions", "invalid_value", problem);
  }
  if ((body["function_call"] ?? undefined) !== undefined) refuseAlone("function_call", "functions");
  const tools = list.map((tool, index) => readTool(tool, `tools[${index}]`));
  const custom = new Set(tools.filter((tool) => tool.input !== undefined).map(({ name }) => name));
  return { style: "tools", custom, ...readChoice(body, tools), parallel: parallel ?? true };
}

function refuseAlone(param: string, needed: string): never {
  return refuse(
    param,
    "invalid_value",
    `Invalid value for '${param}': '${param}' is only allowed when '${needed}' are specified.`,
  );
}

function readTool(value: unknown, path: string): Tool {
  const tool = asObject(value, path);
  const type = read(tool, toolFields.type, path);
  const own = read(tool, toolFields[type], path);
  if (type === "function") return readFunction(own, `${path}.function`);
  const name = read(own, toolName, `${path}.custom`);
  return { name, parameters: undefined, input: readInput(own, `${path}.custom`) };
}

function readFunction(tool: JsonObject, path: string): Tool {
  const name = read(tool, toolName, path);
  read(tool, functionFields.strict, path);
  read(tool, functionFields.description, path);
  const parameters = read(tool, functionFields.parameters, path);
  if (parameters !== undefined) checkParameters(parameters, { name, param: `${path}.parameters` });
  return { name, parameters };
}

/** What a custom tool takes: any text, or one of a regular grammar. */
function readInput(custom: JsonObject, path: string): NonNullable<Tool["input"]> {
  const format = read(custom, inputFields.format, path);
  if (format === undefined || read(format, inputFields.type, `${path}.format`) === "text") return {};
  const at = `${path}.format.grammar`;
  const grammar = read(format, inputFields.grammar, `${path}.format`);
  const pattern = read(grammar, inputFields.definition, at);
  return read(grammar, inputFields.syntax, at) === "regex" ? { pattern } : {};
}

type Chosen = { readonly tools: readonly Tool[]; readonly choice: Wanted["choice"] };

function readChoice(body: JsonObject, tools: readonly Tool[]): Chosen {
  const choice = read(body, members.choice);
  if (choice === undefined) return { tools, choice: "auto" };
  if (typeof choice === "string") {
    const known = choices.find((each) => each === choice);
    return { tools, choice: known ?? refuseValue("tool_choice", choices, choice) };
  }
  const type = read(choice, choiceFields.type, "tool_choice");
  if (type === "allowed_tools") return readAllowed(read(choice, choiceFields.allowed, "tool_choice"), tools);
  const name = read(read(choice, toolFields[type], "tool_choice"), toolName, `tool_choice.${type}`);
  return { tools, choice: { name: knownName(name, tools, "tool_choice") } };
}

function knownName(name: string, tools: readonly Tool[], param: string): string {
  if (tools.some((tool) => tool.name === name)) return name;
  return refuse(param, "invalid_value", `Invalid value for '${param}': tool choice '${name}' not found in 'tools'.`);
}

function readAllowed(allowed: JsonObject, tools: readonly Tool[]): Chosen {
  const path = "tool_choice.allowed_tools";
  const choice = read(allowed, choiceFields.mode, path);
  const names = new Set(
    read(allowed, choiceFields.tools, path).map((value, index) => {
      const param = `${path}.tools[${index}]`;
      const each = asObject(value, param);
      const type = read(each, toolFields.type, param);
      return knownName(read(read(each, toolFields[type], param), toolName, `${param}.${type}`), tools, param);
    }),
  );
  return { tools: tools.filter(({ name }) => names.has(name)), choice };
}

function readFunctions(body: JsonObject): Tooling | undefined {
  const functions = read(body, members.functions);
  if (functions === undefined) {
    return (body["function_call"] ?? undefined) === undefined ? undefined : refuseAlone("function_call", "functions");
  }
  const tools = functions.map((each, index) =>
    readFunction(asObject(each, `functions[${index}]`), `functions[${index}]`),
  );
  return { style: "functions", tools, custom: new Set(), choice: readCall(body, tools), parallel: false };
}

function readCall(body: JsonObject, tools: readonly Tool[]): Wanted["choice"] {
  const call = read(body, members.call);
  if (call === undefined || call === "auto") return "auto";
  if (call === "none") return call;
  if (typeof call === "string") return refuseValue("function_call", ["none", "auto"], call);
  return { name: knownName(read(call, toolName, "function_call"), tools, "function_call") };
}

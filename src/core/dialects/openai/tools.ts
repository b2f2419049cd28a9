import type { Tool, Wanted } from "../../simulator/compose.ts";
import {
  optionalOf,
  readBoolean,
  readWord,
  refuse,
  refuseEmpty,
  refuseLong,
  refuseMissing,
  refuseType,
  refuseValue,
} from "./check.ts";
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

const maxTools = 128;
const choices = ["none", "auto", "required"] as const;
const choiceTypes = ["function", "custom", "allowed_tools"] as const;
const toolTypes = ["function", "custom"] as const;
const allowedModes = ["auto", "required"] as const;

/**
 * Reads the tools of a chat request, or its `functions`.
 *
 * @returns undefined when there are none
 * @throws BODY_INVALID with the path of the first mistake
 */
export function readTooling(body: JsonObject): Tooling | undefined {
  const tools = readList(body, "tools");
  const choice = optionalOf(body, "tool_choice");
  const parallel = readBoolean(body, "parallel_tool_calls");
  if (tools === undefined) {
    if (choice !== undefined) {
      if (typeof choice !== "string" && !isObject(choice)) refuseType("tool_choice", "a string or an object", choice);
      refuseAlone("tool_choice", "tools");
    }
    if (parallel !== undefined) refuseAlone("parallel_tool_calls", "tools");
    return readFunctions(body);
  }
  if (optionalOf(body, "functions") !== undefined) {
    refuse(
      "functions",
      "invalid_value",
      "The parameters 'tools' and 'functions' cannot be used together. Use 'tools'.",
    );
  }
  if (optionalOf(body, "function_call") !== undefined) refuseAlone("function_call", "functions");
  const read = tools.map((tool, index) => readTool(tool, `tools[${index}]`));
  const custom = new Set(read.filter((tool) => tool.input !== undefined).map(({ name }) => name));
  const chosen = readChoice(choice, read);
  return { style: "tools", tools: chosen.tools, custom, choice: chosen.choice, parallel: parallel ?? true };
}

function readList(body: JsonObject, param: "tools" | "functions"): readonly unknown[] | undefined {
  const list = optionalOf(body, param);
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) return refuseType(param, "an array of objects", list);
  if (list.length === 0) return refuseEmpty(param, param);
  return list.length > maxTools ? refuseLong(param, maxTools, list.length) : list;
}

function refuseAlone(param: string, needed: string): never {
  return refuse(
    param,
    "invalid_value",
    `Invalid value for '${param}': '${param}' is only allowed when '${needed}' are specified.`,
  );
}

function readTool(tool: unknown, path: string): Tool {
  if (!isObject(tool)) return refuseType(path, "an object", tool);
  const type = readWord(tool, "type", toolTypes, `${path}.`) ?? refuseMissing(`${path}.type`);
  if (type === "function") return readFunction(memberOf(tool, "function", path), `${path}.function`);
  const custom = memberOf(tool, "custom", path);
  return {
    name: readName(custom, `${path}.custom`),
    parameters: undefined,
    input: readInput(custom, `${path}.custom.format`),
  };
}

function memberOf(object: JsonObject, name: string, path: string): JsonObject {
  const value = object[name];
  if (value === undefined) return refuseMissing(`${path}.${name}`);
  return isObject(value) ? value : refuseType(`${path}.${name}`, "an object", value);
}

function readFunction(tool: JsonObject, path: string): Tool {
  const name = readName(tool, path);
  const parameters = optionalOf(tool, "parameters");
  const strict = readBoolean(tool, "strict", `${path}.`) ?? false;
  const description = optionalOf(tool, "description");
  if (description !== undefined && typeof description !== "string") {
    refuseType(`${path}.description`, "a string", description);
  }
  if (parameters === undefined) return { name, parameters };
  if (!isObject(parameters)) return refuseType(`${path}.parameters`, "an object", parameters);
  checkParameters(parameters, { strict, name, param: `${path}.parameters` });
  return { name, parameters };
}

const nameSyntax = /^[a-zA-Z0-9_-]+$/;
const maxNameLength = 64;

/** The name of a tool or a schema, which has only letters, digits, `_` and `-`. */
export function readName(object: JsonObject, path: string): string {
  const { name } = object;
  const param = `${path}.name`;
  if (name === undefined) return refuseMissing(param);
  if (typeof name !== "string") return refuseType(param, "a string", name);
  if (name.length > maxNameLength) {
    return refuse(
      param,
      "string_above_max_length",
      `Invalid '${param}': at most ${maxNameLength} characters are allowed, got ${name.length}.`,
    );
  }
  if (nameSyntax.test(name)) return name;
  return refuse(
    param,
    "invalid_value",
    `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
  );
}

/** What a custom tool takes: any text, or one of a regular grammar. */
function readInput(custom: JsonObject, path: string): NonNullable<Tool["input"]> {
  const format = optionalOf(custom, "format");
  if (format === undefined) return {};
  if (!isObject(format)) return refuseType(path, "an object", format);
  const type = readWord(format, "type", ["text", "grammar"], `${path}.`) ?? refuseMissing(`${path}.type`);
  if (type === "text") return {};
  const grammar = memberOf(format, "grammar", path);
  const { definition } = grammar;
  if (definition === undefined) return refuseMissing(`${path}.grammar.definition`);
  if (typeof definition !== "string") return refuseType(`${path}.grammar.definition`, "a string", definition);
  const syntax = readWord(grammar, "syntax", ["lark", "regex"], `${path}.grammar.`);
  if (syntax === undefined) return refuseMissing(`${path}.grammar.syntax`);
  return syntax === "regex" ? { pattern: definition } : {};
}

type Chosen = { readonly tools: readonly Tool[]; readonly choice: Wanted["choice"] };

function readChoice(choice: unknown, tools: readonly Tool[]): Chosen {
  if (choice === undefined) return { tools, choice: "auto" };
  if (typeof choice === "string") {
    const known = choices.find((each) => each === choice);
    return { tools, choice: known ?? refuseValue("tool_choice", choices, choice) };
  }
  if (!isObject(choice)) return refuseType("tool_choice", "a string or an object", choice);
  const type = readWord(choice, "type", choiceTypes, "tool_choice.") ?? refuseMissing("tool_choice.type");
  if (type === "allowed_tools") return readAllowed(memberOf(choice, type, "tool_choice"), tools);
  const name = readName(memberOf(choice, type, "tool_choice"), `tool_choice.${type}`);
  return { tools, choice: { name: knownName(name, tools, "tool_choice") } };
}

function knownName(name: string, tools: readonly Tool[], param: string): string {
  if (tools.some((tool) => tool.name === name)) return name;
  return refuse(param, "invalid_value", `Invalid value for '${param}': tool choice '${name}' not found in 'tools'.`);
}

function readAllowed(allowed: JsonObject, tools: readonly Tool[]): Chosen {
  const path = "tool_choice.allowed_tools";
  const choice = readWord(allowed, "mode", allowedModes, `${path}.`) ?? refuseMissing(`${path}.mode`);
  const { tools: list } = allowed;
  if (list === undefined) return refuseMissing(`${path}.tools`);
  if (!Array.isArray(list)) return refuseType(`${path}.tools`, "an array of objects", list);
  if (list.length === 0) return refuseEmpty(`${path}.tools`, "tools");
  const names = new Set(
    list.map((each: unknown, index) => {
      const param = `${path}.tools[${index}]`;
      if (!isObject(each)) return refuseType(param, "an object", each);
      const type = readWord(each, "type", toolTypes, `${param}.`) ?? refuseMissing(`${param}.type`);
      return knownName(readName(memberOf(each, type, param), `${param}.${type}`), tools, param);
    }),
  );
  return { tools: tools.filter(({ name }) => names.has(name)), choice };
}

function readFunctions(body: JsonObject): Tooling | undefined {
  const functions = readList(body, "functions");
  const call = optionalOf(body, "function_call");
  if (functions === undefined) return call === undefined ? undefined : refuseAlone("function_call", "functions");
  const tools = functions.map((each, index) =>
    isObject(each) ? readFunction(each, `functions[${index}]`) : refuseType(`functions[${index}]`, "an object", each),
  );
  return { style: "functions", tools, custom: new Set(), choice: readCall(call, tools), parallel: false };
}

function readCall(call: unknown, tools: readonly Tool[]): Wanted["choice"] {
  if (call === undefined || call === "auto") return "auto";
  if (call === "none") return call;
  if (typeof call === "string") return refuseValue("function_call", ["none", "auto"], call);
  if (!isObject(call)) return refuseType("function_call", "a string or an object", call);
  return { name: knownName(readName(call, "function_call"), tools, "function_call") };
}

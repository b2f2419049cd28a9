import type { Tool, Wanted } from "../../simulator/compose.ts";
import {
  asObject,
  optionalBoolean,
  optionalList,
  optionalObject,
  optionalText,
  readTag,
  refuseField,
  refuseRequest,
  requiredName,
  requiredObject,
} from "./check.ts";
import { isObject, type JsonObject } from "../shared/json-body.ts";

const toolName = /^[a-zA-Z0-9_-]{1,128}$/;
const choices = ["auto", "any", "tool", "none"];

/**
 * Calls of tools that the provider defines and the caller runs, by how their types begin. Each only looks: a caller may
 * really do what a stand-in says.
 */
const definedCalls: readonly (readonly [type: string, input: JsonObject])[] = [
  ["bash_", { command: "pwd" }],
  ["text_editor_", { command: "view", path: "/" }],
  ["computer_2", { action: "screenshot" }],
  ["memory_", { command: "view", path: "/memories" }],
];

/** The tools of a request and how they may be called. */
export type ToolUse = Pick<Wanted, "tools" | "choice" | "parallel">;

/**
 * Reads the tools of a request. Those that the provider runs itself are taken and never called.
 *
 * @throws BODY_INVALID with the path of the mistake
 */
export function readTools(body: JsonObject): ToolUse {
  const list = optionalList(body, "tools") ?? [];
  const all = list.map((tool, index) => readTool(tool, `tools.${index}`));
  const names = all.map(({ name }) => name).filter((name) => name !== undefined);
  if (new Set(names).size < names.length) refuseField("tools", "Tool names must be unique.");
  const tools = all.map(({ tool }) => tool).filter((tool) => tool !== undefined);
  const asked = optionalObject(body, "tool_choice");
  if (asked === undefined) return { tools, choice: "auto", parallel: true };
  const type = readTag(asked, choices, "tool_choice");
  if (list.length === 0 && type !== "none") {
    refuseRequest("tool_choice may only be specified while providing tools.", "tool_choice");
  }
  const parallel = optionalBoolean(asked, "disable_parallel_tool_use", `tool_choice.${type}.disable_parallel_tool_use`);
  return { tools, choice: choiceOf(asked, type, names), parallel: parallel !== true };
}

function choiceOf(asked: JsonObject, type: string, names: readonly string[]): Wanted["choice"] {
  switch (type) {
    case "any":
      return "required";
    case "none":
      return "none";
    case "tool": {
      const name = requiredName(asked, "name", "tool_choice.tool.name");
      if (!names.includes(name))
        refuseRequest(`Tool '${name.slice(0, 128)}' not found in provided tools`, "tool_choice");
      return { name };
    }
    default:
      return "auto";
  }
}

/** One tool of the list: its name, which may be missing where the provider defines it, and how to call it. */
type ReadTool = { readonly name: string | undefined; readonly tool: Tool | undefined };

function readTool(value: unknown, path: string): ReadTool {
  const tool = asObject(value, path);
  const type = optionalText(tool, "type", `${path}.type`) ?? "custom";
  if (type !== "custom") return definedTool(type, optionalText(tool, "name", `${path}.name`));
  const name = requiredName(tool, "name", `${path}.custom.name`);
  if (!toolName.test(name)) {
    refuseField(`${path}.custom.name`, `String should match pattern '${toolName.source}'`);
  }
  const parameters = requiredObject(tool, "input_schema", `${path}.custom.input_schema`);
  const kind = requiredName(parameters, "type", `${path}.custom.input_schema.type`);
  if (kind !== "object") refuseField(`${path}.custom.input_schema.type`, "Input should be 'object'");
  return { name, tool: { name, parameters } };
}

function definedTool(type: string, name: string | undefined): ReadTool {
  const input = definedCalls.find(([start]) => type.startsWith(start))?.[1];
  return { name, tool: name === undefined || input === undefined ? undefined : { name, parameters: { const: input } } };
}

/**
 * The JSON Schema that the answer's text must follow; undefined when it may be any text.
 *
 * @throws BODY_INVALID with the path of the mistake
 */
export function readFormat(body: JsonObject): Wanted["json"] {
  const config = optionalObject(body, "output_config");
  const format =
    (config === undefined ? undefined : optionalObject(config, "format", "output_config.format")) ??
    optionalObject(body, "output_format");
  if (format === undefined) return undefined;
  readTag(format, ["json_schema"], "output_config.format");
  const schema = requiredObject(format, "schema", "output_config.format.schema");
  return isObject(schema) ? { schema } : undefined;
}

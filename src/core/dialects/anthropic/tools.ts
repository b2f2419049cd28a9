import type { Tool, Wanted } from "../../simulator/compose.ts";
import { asObject, field, readTag, refuseField, refuseRequest } from "./check.ts";
import { read, required } from "../shared/fields.ts";
import type { JsonObject } from "../shared/json-body.ts";

const members = {
  tools: field.array("tools"),
  choice: field.object("tool_choice"),
  outputConfig: field.object("output_config"),
  outputFormat: field.object("output_format"),
};
const toolFields = {
  type: field.string("type"),
  name: field.string("name"),
  ownName: required(field.string("name", { min: 1, pattern: /^[a-zA-Z0-9_-]{1,128}$/ })),
  schema: required(field.object("input_schema")),
  schemaType: required(field.word("type", ["object"], { min: 1 })),
};
const choiceFields = {
  noParallel: field.boolean("disable_parallel_tool_use"),
  name: required(field.string("name", { min: 1 })),
};
const formatFields = {
  format: field.object("format"),
  schema: required(field.object("schema")),
};
const choices = ["auto", "any", "tool", "none"] as const;

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
  const list = read(body, members.tools) ?? [];
  const all = list.map((tool, index) => readTool(tool, `tools.${index}`));
  const names = all.map(({ name }) => name).filter((name) => name !== undefined);
  if (new Set(names).size < names.length) refuseField("tools", "Tool names must be unique.");
  const tools = all.map(({ tool }) => tool).filter((tool) => tool !== undefined);
  const asked = read(body, members.choice);
  if (asked === undefined) return { tools, choice: "auto", parallel: true };
  const type = readTag(asked, choices, "tool_choice");
  if (list.length === 0 && type !== "none") {
    refuseRequest("tool_choice may only be specified while providing tools.", "tool_choice");
  }
  const parallel = read(asked, choiceFields.noParallel, `tool_choice.${type}`);
  return { tools, choice: choiceOf(asked, type, names), parallel: parallel !== true };
}

function choiceOf(asked: JsonObject, type: (typeof choices)[number], names: readonly string[]): Wanted["choice"] {
  switch (type) {
    case "any":
      return "required";
    case "none":
      return "none";
    case "tool": {
      const name = read(asked, choiceFields.name, "tool_choice.tool");
      if (!names.includes(name))
        refuseRequest(`Tool '${name.slice(0, 128)}' not found in provided tools`, "tool_choice");
      return { name };
    }
    case "auto":
      return "auto";
  }
}

/** One tool of the list: its name, which may be missing where the provider defines it, and how to call it. */
type ReadTool = { readonly name: string | undefined; readonly tool: Tool | undefined };

function readTool(value: unknown, path: string): ReadTool {
  const tool = asObject(value, path);
  const type = read(tool, toolFields.type, path) ?? "custom";
  if (type !== "custom") return definedTool(type, read(tool, toolFields.name, path));
  const at = `${path}.custom`;
  const name = read(tool, toolFields.ownName, at);
  const parameters = read(tool, toolFields.schema, at);
  read(parameters, toolFields.schemaType, `${at}.input_schema`);
  return { name, tool: { name, parameters } };
}

function definedTool(type: string, name: string | undefined): ReadTool {
  const input = definedCalls.find(([start]) => type.startsWith(start))?.[1];
  return { name, tool: name === undefined || input === undefined ? undefined : { name, parameters: { const: input } } };
}

/**
 * The JSON Schema that the response's text must follow; undefined when it may be any text.
 *
 * @throws BODY_INVALID with the path of the mistake
 */
export function readFormat(body: JsonObject): Wanted["json"] {
  const config = read(body, members.outputConfig);
  const format =
    (config === undefined ? undefined : read(config, formatFields.format, "output_config")) ??
    read(body, members.outputFormat);
  if (format === undefined) return undefined;
  readTag(format, ["json_schema"], "output_config.format");
  return { schema: read(format, formatFields.schema, "output_config.format") };
}

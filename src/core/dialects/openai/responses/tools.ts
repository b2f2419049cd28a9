import type { Tool, Wanted } from "../../../simulator/compose.ts";
import { asObject, field, refuse, refuseMissing } from "../check.ts";
import { read, required } from "../../shared/fields.ts";
import { isObject, type JsonObject } from "../../shared/json-body.ts";

const nameForm = /^[A-Za-z0-9_-]{1,64}$/;

const members = {
  parallel: field.boolean("parallel_tool_calls"),
  tools: field.array("tools"),
  choice: field.word("tool_choice", ["none", "auto", "required"]),
  chosen: field.object("tool_choice", { called: "a string or an object" }),
  text: field.object("text"),
};

const toolFields = {
  type: required(field.string("type")),
  name: required(field.string("name", { nullIsMissing: true })),
  parameters: field.object("parameters"),
  strict: field.boolean("strict"),
  description: field.string("description"),
};

const choiceFields = {
  tools: required(field.array("tools", { nullIsMissing: true })),
  mode: field.word("mode", ["auto", "required"]),
};

const textFields = {
  verbosity: field.word("verbosity", ["low", "medium", "high"]),
  format: field.object("format"),
};

const formatFields = {
  type: required(field.word("type", ["text", "json_object", "json_schema"])),
  schema: required(field.object("schema")),
};

/** The tools of a request: those that can be called here, and all as the response repeats them. */
export type Tools = {
  readonly callable: readonly Tool[];
  readonly choice: Wanted["choice"];
  readonly parallel: boolean;
  /** JSON of all tools, and of the choice. */
  readonly shown: string;
  readonly shownChoice: string;
};

const noTools = { callable: [], choice: "auto", shown: "[]", shownChoice: `"auto"` } as const;

/**
 * Reads the tools of a request; only functions are called, tools that the provider runs itself are not.
 *
 * @throws BODY_INVALID with the path of the first mistake
 */
export function readTools(body: JsonObject): Tools {
  const parallel = read(body, members.parallel) ?? true;
  if (body["tools"] === undefined && body["tool_choice"] === undefined) return { ...noTools, parallel };
  const tools = (read(body, members.tools) ?? []).map((tool, index) => readTool(tool, `tools[${index}]`));
  const functions = tools.filter(({ type }) => type === "function");
  const callable = functions.map(({ name, parameters }) => ({ name: String(name), parameters }));
  const given = body["tool_choice"] ?? "auto";
  const shown = { shown: JSON.stringify(tools), shownChoice: JSON.stringify(given) };
  if (typeof given === "string") {
    return { callable, choice: read(body, members.choice) ?? "auto", parallel, ...shown };
  }
  return { parallel, ...shown, ...chosenOf(read(body, members.chosen) ?? {}, callable) };
}

function readTool(value: unknown, path: string): JsonObject {
  const tool = asObject(value, path);
  if (read(tool, toolFields.type, path) !== "function") return tool;
  const name = read(tool, toolFields.name, path);
  if (!nameForm.test(name)) {
    refuse(
      `${path}.name`,
      "invalid_value",
      `Invalid '${path}.name': expected 1 to 64 letters, digits, underscores or hyphens.`,
    );
  }
  const parameters = read(tool, toolFields.parameters, path) ?? null;
  const strict = read(tool, toolFields.strict, path) ?? true;
  return { ...tool, description: read(tool, toolFields.description, path) ?? null, parameters, strict };
}

/** What a choice that is an object allows. A tool that the provider would run itself leaves a response in words. */
function chosenOf(choice: JsonObject, callable: readonly Tool[]): Pick<Tools, "callable" | "choice"> {
  const { type } = choice;
  if (typeof type !== "string") return refuseMissing("tool_choice.type");
  if (type === "function") {
    const name = read(choice, toolFields.name, "tool_choice");
    if (!callable.some((tool) => tool.name === name)) {
      refuse("tool_choice", "invalid_value", `Tool choice '${name}' not found in 'tools' parameter.`);
    }
    return { callable, choice: { name } };
  }
  if (type !== "allowed_tools") return { callable: [], choice: "none" };
  const allowed = read(choice, choiceFields.tools, "tool_choice");
  const names = new Set(allowed.map((tool) => (isObject(tool) ? tool["name"] : undefined)));
  const mode = read(choice, choiceFields.mode, "tool_choice") ?? "auto";
  return { callable: callable.filter(({ name }) => names.has(name)), choice: mode };
}

/** The form that the text of a response takes, and JSON of the member `text` as the response repeats it. */
export type Format = { readonly json: Wanted["json"]; readonly shown: string };

const freeText: Format = { json: undefined, shown: `{"format":{"type":"text"},"verbosity":"medium"}` };

/** Reads `text` of a request. */
export function readFormat(body: JsonObject): Format {
  const text = read(body, members.text);
  if (text === undefined) return freeText;
  const path = "text.format";
  const verbosity = read(text, textFields.verbosity, "text") ?? "medium";
  const format = read(text, textFields.format, "text") ?? { type: "text" };
  const type = read(format, formatFields.type, path);
  if (type !== "json_schema") {
    const shown = `{"format":{"type":"${type}"},"verbosity":"${verbosity}"}`;
    return { json: type === "json_object" ? "object" : undefined, shown };
  }
  const name = read(format, toolFields.name, path);
  const schema = read(format, formatFields.schema, path);
  const description = read(format, toolFields.description, path);
  const strict = read(format, toolFields.strict, path) ?? false;
  const shown = { type, name, schema, strict, ...(description !== undefined && { description }) };
  return { json: { schema }, shown: JSON.stringify({ format: shown, verbosity }) };
}

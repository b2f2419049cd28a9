import type { Tool, Wanted } from "../../../simulator/compose.ts";
import { readArray, readBoolean, readWord, readObject, readText, refuse, refuseMissing, refuseType } from "../check.ts";
import { isObject, type JsonObject } from "../../shared/json-body.ts";

const modes = ["none", "auto", "required"] as const;
const formats = ["text", "json_object", "json_schema"] as const;
const verbosities = ["low", "medium", "high"] as const;
const nameForm = /^[A-Za-z0-9_-]{1,64}$/;

/** The tools of a request: those that can be called here, and all as the answer repeats them. */
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
  const parallel = readBoolean(body, "parallel_tool_calls") ?? true;
  if (body["tools"] === undefined && body["tool_choice"] === undefined) return { ...noTools, parallel };
  const tools = (readArray(body, "tools") ?? []).map((tool, index) => checkTool(tool, `tools[${index}]`));
  const functions = tools.filter(({ type }) => type === "function");
  const callable = functions.map(({ name, parameters }) => ({ name: String(name), parameters }));
  const given = body["tool_choice"] ?? "auto";
  const shown = { shown: JSON.stringify(tools), shownChoice: JSON.stringify(given) };
  if (typeof given === "string") {
    const choice = readWord(body, "tool_choice", modes) ?? "auto";
    return { callable, choice, parallel, ...shown };
  }
  if (!isObject(given)) return refuseType("tool_choice", "a string or an object", given);
  return { parallel, ...shown, ...chosenOf(given, callable) };
}

function checkTool(tool: unknown, path: string): JsonObject {
  if (!isObject(tool)) return refuseType(path, "an object", tool);
  if (tool["type"] === undefined) refuseMissing(`${path}.type`);
  const type = readText(tool, "type", `${path}.`);
  if (type !== "function") return tool;
  const name = readText(tool, "name", `${path}.`);
  if (name === undefined) return refuseMissing(`${path}.name`);
  if (!nameForm.test(name)) {
    refuse(
      `${path}.name`,
      "invalid_value",
      `Invalid '${path}.name': expected 1 to 64 letters, digits, underscores or hyphens.`,
    );
  }
  const { parameters = null } = tool;
  if (parameters !== null && !isObject(parameters)) refuseType(`${path}.parameters`, "an object", parameters);
  const strict = readBoolean(tool, "strict", `${path}.`) ?? true;
  return { ...tool, description: readText(tool, "description", `${path}.`) ?? null, parameters, strict };
}

/** What a choice that is an object allows. A tool that the provider would run itself leaves an answer in words. */
function chosenOf(choice: JsonObject, callable: readonly Tool[]): Pick<Tools, "callable" | "choice"> {
  const { type } = choice;
  if (typeof type !== "string") return refuseMissing("tool_choice.type");
  if (type === "function") {
    const name = readText(choice, "name", "tool_choice.") ?? refuseMissing("tool_choice.name");
    if (!callable.some((tool) => tool.name === name)) {
      refuse("tool_choice", "invalid_value", `Tool choice '${name}' not found in 'tools' parameter.`);
    }
    return { callable, choice: { name } };
  }
  if (type !== "allowed_tools") return { callable: [], choice: "none" };
  const allowed = readArray(choice, "tools", "tool_choice.") ?? refuseMissing("tool_choice.tools");
  const names = new Set(allowed.map((tool) => (isObject(tool) ? tool["name"] : undefined)));
  const mode = readWord(choice, "mode", ["auto", "required"], "tool_choice.") ?? "auto";
  return { callable: callable.filter(({ name }) => names.has(name)), choice: mode };
}

/** The form that the text of an answer takes, and JSON of the member `text` as the answer repeats it. */
export type Format = { readonly json: Wanted["json"]; readonly shown: string };

const freeText: Format = { json: undefined, shown: `{"format":{"type":"text"},"verbosity":"medium"}` };

/** Reads `text` of a request. */
export function readFormat(body: JsonObject): Format {
  const text = readObject(body, "text");
  if (text === undefined) return freeText;
  const verbosity = readWord(text, "verbosity", verbosities, "text.") ?? "medium";
  const format = text["format"] ?? { type: "text" };
  if (!isObject(format)) return refuseType("text.format", "an object", format);
  if (format["type"] === undefined) refuseMissing("text.format.type");
  const type = readWord(format, "type", formats, "text.format.");
  if (type !== "json_schema") {
    const shown = `{"format":{"type":"${type}"},"verbosity":"${verbosity}"}`;
    return { json: type === "json_object" ? "object" : undefined, shown };
  }
  const name = readText(format, "name", "text.format.") ?? refuseMissing("text.format.name");
  const { schema } = format;
  if (schema === undefined) refuseMissing("text.format.schema");
  if (!isObject(schema)) return refuseType("text.format.schema", "an object", schema);
  const description = readText(format, "description", "text.format.");
  const strict = readBoolean(format, "strict", "text.format.") ?? false;
  const shown = { type, name, schema, strict, ...(description !== undefined && { description }) };
  return { json: { schema }, shown: JSON.stringify({ format: shown, verbosity }) };
}

import type { Tool, Wanted } from "../../../simulator/compose.ts";
import { asObject, field, refuse, refuseMissing } from "../check.ts";
import { read, required } from "../../shared/fields.ts";
import { isObject, type JsonObject } from "../../shared/json-body.ts";
import { inputOf, keyOf, namelessCallable, type Callable, type CallForm } from "./calls.ts";

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
  namedType: required(field.word("type", ["function", "custom"])),
  tools: required(field.array("tools", { called: "an array of objects", elements: "tools", min: 1 })),
  name: required(field.string("name", { nullIsMissing: true })),
  parameters: field.object("parameters"),
  strict: field.boolean("strict"),
  description: field.string("description"),
};

const grammarFields = {
  format: field.object("format"),
  type: required(field.word("type", ["text", "grammar"])),
  definition: required(field.string("definition")),
  syntax: required(field.word("syntax", ["lark", "regex"])),
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
  /** In what form each is called, by the name that it has among those callable. */
  readonly forms: ReadonlyMap<string, CallForm>;
  /** JSON of all tools, and of the choice. */
  readonly shown: string;
  readonly shownChoice: string;
};

const noForms: ReadonlyMap<string, CallForm> = new Map();
const noTools = { callable: [], choice: "auto", forms: noForms, shown: "[]", shownChoice: `"auto"` } as const;

/**
 * Reads the tools of a request; those that the provider runs itself are not called.
 *
 * A tool without a name (a shell, a computer) is called only where a call is forced or required.
 *
 * @throws BODY_INVALID with the path of the first mistake
 */
export function readTools(body: JsonObject): Tools {
  const parallel = read(body, members.parallel) ?? true;
  if (body["tools"] === undefined && body["tool_choice"] === undefined) return { ...noTools, parallel };
  const callables: Callable[] = [];
  const tools = (read(body, members.tools) ?? []).map((tool, index) => readTool(tool, `tools[${index}]`, callables));
  const given = body["tool_choice"] ?? "auto";
  return {
    parallel,
    ...choiceOf(body, given, callables),
    forms: new Map(callables.map(({ tool, form }) => [tool.name, form])),
    shown: JSON.stringify(tools),
    shownChoice: JSON.stringify(given),
  };
}

type Chosen = Pick<Tools, "callable" | "choice">;

function choiceOf(body: JsonObject, given: unknown, callables: readonly Callable[]): Chosen {
  if (typeof given !== "string") return chosenOf(read(body, members.chosen) ?? {}, callables);
  const choice = read(body, members.choice) ?? "auto";
  return { choice, callable: calledBy(choice, callables) };
}

function calledBy(choice: "none" | "auto" | "required", callables: readonly Callable[]): readonly Tool[] {
  const wanted = choice === "required" ? callables : callables.filter(({ form }) => form.name !== undefined);
  return wanted.map(({ tool }) => tool);
}

/** @param callables to which those are added that a tool stands for */
function readTool(value: unknown, path: string, callables: Callable[]): JsonObject {
  const tool = asObject(value, path);
  const type = read(tool, toolFields.type, path);
  if (type === "function" || type === "custom") return readNamed(tool, { path, callables });
  if (type === "namespace") {
    const namespace = read(tool, toolFields.name, path);
    const inner = read(tool, toolFields.tools, path).map((each, index) => {
      const at = `${path}.tools[${index}]`;
      const element = asObject(each, at);
      read(element, toolFields.namedType, at);
      return readNamed(element, { path: at, callables, namespace });
    });
    return { ...tool, tools: inner };
  }
  const callable = namelessCallable(tool);
  if (callable !== undefined) callables.push(callable);
  return tool;
}

type Place = { readonly path: string; readonly callables: Callable[]; readonly namespace?: string };

/** A function, or a tool that takes text, perhaps of a namespace. */
function readNamed(tool: JsonObject, { path, callables, namespace }: Place): JsonObject {
  const name = read(tool, toolFields.name, path);
  if (!nameForm.test(name)) {
    refuse(
      `${path}.name`,
      "invalid_value",
      `Invalid '${path}.name': expected 1 to 64 letters, digits, underscores or hyphens.`,
    );
  }
  if (tool["type"] === "custom") {
    const form = { item: "custom_tool_call", name, namespace } as const;
    const input = inputOf(patternOf(tool, path));
    callables.push({
      type: "custom",
      form,
      tool: { name: keyOf("custom", name, namespace), parameters: undefined, input },
    });
    return tool;
  }
  const parameters = read(tool, toolFields.parameters, path) ?? null;
  const strict = read(tool, toolFields.strict, path) ?? true;
  const key = namespace === undefined ? name : keyOf("function", name, namespace);
  const form = { item: "function_call", name, namespace } as const;
  callables.push({ type: "function", form, tool: { name: key, parameters } });
  return { ...tool, description: read(tool, toolFields.description, path) ?? null, parameters, strict };
}

/** The pattern of what a custom tool takes, where that is a regular grammar. */
function patternOf(tool: JsonObject, path: string): string | undefined {
  const format = read(tool, grammarFields.format, path);
  if (format === undefined || read(format, grammarFields.type, `${path}.format`) === "text") return undefined;
  const pattern = read(format, grammarFields.definition, `${path}.format`);
  return read(format, grammarFields.syntax, `${path}.format`) === "regex" ? pattern : undefined;
}

/** What a choice that is an object allows. A tool that the provider would run itself leaves a response in words. */
function chosenOf(choice: JsonObject, callables: readonly Callable[]): Chosen {
  const { type } = choice;
  if (typeof type !== "string") return refuseMissing("tool_choice.type");
  if (type === "allowed_tools") {
    const allowed = read(choice, choiceFields.tools, "tool_choice");
    const mode = read(choice, choiceFields.mode, "tool_choice") ?? "auto";
    const among = callables.filter((each) => allowed.some((tool) => isObject(tool) && isMeant(tool, each)));
    return { choice: mode, callable: calledBy(mode, among) };
  }
  const isNamed = type === "function" || type === "custom";
  const name = isNamed ? read(choice, toolFields.name, "tool_choice") : undefined;
  const chosen = callables.find((each) => isMeant(choice, each));
  if (chosen !== undefined) return { callable: [chosen.tool], choice: { name: chosen.tool.name } };
  if (isNamed) refuse("tool_choice", "invalid_value", `Tool choice '${name}' not found in 'tools' parameter.`);
  return { callable: [], choice: "none" };
}

/** Other names of a tool in a choice. */
const otherTypes: Readonly<Record<string, string>> = { computer_use: "computer" };

function isMeant({ type = "function", name, namespace }: JsonObject, { type: own, form }: Callable): boolean {
  const isOwn = type === own || (typeof type === "string" && otherTypes[type] === own);
  if (!isOwn || form.name === undefined) return isOwn;
  return name === form.name && (namespace === undefined || namespace === form.namespace);
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

import type { Tool } from "../../../simulator/compose.ts";
import { isObject, type JsonObject } from "../../shared/json-body.ts";

/** A tool that the caller runs, and in what kind of item a response calls it. */
export type CallForm = {
  readonly item: CallItem;
  /** The name that the item tells; undefined for a tool that has none. */
  readonly name: string | undefined;
  readonly namespace: string | undefined;
};

type CallItem = keyof typeof callItems;

/** Kinds of items that call a tool, by what ids of them begin with. */
const callItems = {
  function_call: "fc_",
  custom_tool_call: "ctc_",
  shell_call: "sh_",
  local_shell_call: "lsh_",
  apply_patch_call: "apc_",
  computer_call: "cu_",
  computer_calls: "cu_",
} as const;

/** Tools without a name. A command may really be run by whoever asked, so it only looks. */
const nameless: Readonly<Record<string, { readonly item: CallItem; readonly pattern?: string }>> = {
  shell: { item: "shell_call", pattern: "(ls|pwd|date|whoami)" },
  local_shell: { item: "local_shell_call", pattern: "(ls|pwd|date|whoami)" },
  apply_patch: { item: "apply_patch_call" },
  computer_use_preview: { item: "computer_call", pattern: "screenshot" },
  computer: { item: "computer_calls", pattern: "screenshot" },
};

/** A tool as the simulator calls it, by a key that no other has, and the form of its calls. */
export type Callable = { readonly tool: Tool; readonly form: CallForm; readonly type: string };

/** How a tool without a name is called; undefined for one that the provider runs itself. */
export function namelessCallable(tool: JsonObject): Callable | undefined {
  const type = String(tool["type"]);
  const known = Object.hasOwn(nameless, type) ? nameless[type] : undefined;
  if (known === undefined || isHosted(tool)) return undefined;
  const { item, pattern } = known;
  return {
    type,
    tool: { name: keyOf(type), parameters: undefined, input: inputOf(pattern) },
    form: { item, name: undefined, namespace: undefined },
  };
}

/** What a tool takes that takes text. @param pattern of the text; undefined for any */
export function inputOf(pattern: string | undefined): NonNullable<Tool["input"]> {
  return pattern === undefined ? {} : { pattern };
}

/** A shell in a container of the provider's. */
function isHosted({ environment }: JsonObject): boolean {
  return isObject(environment) && environment["type"] !== "local";
}

/** The key of a tool that is no plain function: no function's name has such a character. */
export function keyOf(type: string, name = "", namespace = ""): string {
  return `${type}:${namespace}:${name}`;
}

/** The key of the tool that a test calls by its name, or by its type where it has none; a name that no tool has is its own key. */
export function keyNamed(forms: ReadonlyMap<string, CallForm>, name: string): string {
  if (forms.has(name)) return name;
  for (const [key, form] of forms) if (form.name === name) return key;
  return forms.has(keyOf(name)) ? keyOf(name) : name;
}

/** An id of a call's item begins with it. */
export function callPrefix({ item }: CallForm): string {
  return callItems[item];
}

/** One call as an item tells it. */
export type TheCall = {
  readonly id: string;
  readonly callId: string;
  readonly status: string;
  /** What the tool is called with; empty while that is still to come. */
  readonly text: string;
};

/** JSON of the item that calls a tool. */
export function callJson(form: CallForm, { id, callId, status, text }: TheCall): string {
  const head = `{"id":"${id}","type":"${form.item === "computer_calls" ? "computer_call" : form.item}","status":"${status}"`;
  const tail = `"call_id":"${callId}"`;
  const said = JSON.stringify(text);
  switch (form.item) {
    case "function_call":
      return `${head},"arguments":${said},${tail},${nameJson(form)}}`;
    case "custom_tool_call":
      return `${head},"input":${said},${tail},${nameJson(form)}}`;
    case "shell_call": {
      const commands = text === "" ? "[]" : `[${said}]`;
      return `${head},${tail},"action":{"commands":${commands},"timeout_ms":null,"max_output_length":null},"environment":{"type":"local"}}`;
    }
    case "local_shell_call": {
      const command = text === "" ? "[]" : `["bash","-lc",${said}]`;
      return `${head},${tail},"action":{"type":"exec","command":${command},"env":{},"timeout_ms":null,"user":null,"working_directory":null}}`;
    }
    case "apply_patch_call": {
      const diff = JSON.stringify(text === "" ? "" : `+${text}\n`);
      return `${head},${tail},"operation":{"type":"create_file","path":"stuntdouble-${callId.slice(-8)}.txt","diff":${diff}}}`;
    }
    case "computer_call":
      return `${head},${tail},"action":{"type":"screenshot"},"pending_safety_checks":[]}`;
    case "computer_calls":
      return `${head},${tail},"actions":[{"type":"screenshot"}],"pending_safety_checks":[]}`;
  }
}

function nameJson({ name = "", namespace }: CallForm): string {
  const own = `"name":${JSON.stringify(name)}`;
  return namespace === undefined ? own : `${own},"namespace":${JSON.stringify(namespace)}`;
}

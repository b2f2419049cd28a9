import { StuntdoubleError } from "../../../errors.ts";
import { field, refuse } from "../check.ts";
import { read, required } from "../../shared/fields.ts";
import { elementsOf, isObject, openJson, type JsonObject } from "../../shared/json-body.ts";
import { factsAbout, factsOfModel, textless, withoutDelay } from "../../shared/textless.ts";
import { countItems, readItemList } from "./input.ts";
import { shownItems } from "./items.ts";
import { listJson, queryOf, readPage } from "../list.ts";
import { longId } from "./response.ts";
import { jsonPlan } from "../text.ts";
import type { KeptResponses, OpenRequest, Operation, Script } from "../../types.ts";

/** What is kept of a conversation. */
export type Conversation = {
  readonly createdSeconds: number;
  readonly metadata: JsonObject;
  /** Tokens of all its items. */
  readonly tokens: number;
  /** The items as they are listed, the oldest first. */
  readonly items: readonly JsonObject[];
};

const route = "/v1/conversations";
const idPrefix = "conv_";
const pathForm = /^\/v1\/conversations\/([^/]+)(?:(\/items)(?:\/([^/]+))?)?$/;
const maxItems = 20;

const members = {
  metadata: field.object("metadata", { each: field.string("value") }),
  items: field.array("items", { called: "an array of input items", elements: "items", max: maxItems }),
};
const newMetadata = required(members.metadata);
const newItems = required(members.items);

/** The conversation kept under an id; undefined when there is none, or none any more. */
export function findConversation(kept: KeptResponses | undefined, id: string): Conversation | undefined {
  const text = id.startsWith(idPrefix) ? kept?.find(id) : undefined;
  return text === undefined ? undefined : JSON.parse(text);
}

/** The same, of a request that needs it. @throws NOT_FOUND */
export function knownConversation(kept: KeptResponses | undefined, id: string): Conversation {
  const found = findConversation(kept, id);
  if (found !== undefined) return found;
  throw new StuntdoubleError("NOT_FOUND", `Conversation with id '${id.slice(0, 64)}' not found.`, { detail: null });
}

/** Keeps a conversation with further items at its end. @param more those items, and how many tokens they have */
export function extendConversation(
  kept: KeptResponses,
  id: string,
  more: Pick<Conversation, "items" | "tokens">,
): void {
  const found = findConversation(kept, id);
  if (found === undefined) return;
  keep(kept, id, { ...found, items: [...found.items, ...more.items], tokens: found.tokens + more.tokens });
}

function keep(kept: KeptResponses | undefined, id: string, conversation: Conversation): void {
  kept?.keep(id, [JSON.stringify(conversation)]);
}

function conversationJson(id: string, { createdSeconds, metadata }: Conversation): string {
  return `{"id":"${id}","object":"conversation","created_at":${createdSeconds},"metadata":${JSON.stringify(metadata)}}`;
}

/** `POST /v1/conversations`. @see https://platform.openai.com/docs/api-reference/conversations */
export const conversations: Operation = operation({ method: "POST", path: route }, (request) => {
  const body = request.body.bytes.length === 0 ? {} : openJson(request.body, []).whole();
  const metadata = read(body, members.metadata) ?? {};
  const items = itemsIn(body, read(body, members.items) ?? []);
  const tokens = countItems(items, request.count);
  return ({ id: requestId, createdSeconds }) => {
    const id = longId(idPrefix, requestId);
    const made = { createdSeconds, metadata, tokens, items: shownItems(items, requestId) };
    keep(request.kept, id, made);
    return conversationJson(id, made);
  };
});

/** The operations on one conversation and on its items; none for any other path. */
export function conversationAt(path: string): readonly Operation[] {
  if (!path.startsWith(`${route}/`)) return [];
  const [, id, items, itemId] = pathForm.exec(path) ?? [];
  if (id === undefined) return [];
  const about = (method: string, respond: (about: About) => Body): Operation =>
    operation({ method, path, id }, (request) => respond({ id, request, found: knownConversation(request.kept, id) }));
  if (itemId !== undefined) {
    return [about("GET", ({ found }) => showItem(found, itemId)), about("DELETE", (each) => removeItem(each, itemId))];
  }
  if (items !== undefined) return [about("GET", listItems), about("POST", addItems)];
  return [about("GET", show), about("POST", update), about("DELETE", remove)];
}

type Body = (script: Script) => string;
type About = { readonly id: string; readonly request: OpenRequest; readonly found: Conversation };

type Place = { readonly method: string; readonly path: string; readonly id?: string };

/** Such a response costs the provider nothing, so it comes at once. */
function operation(at: Place, respond: (request: OpenRequest) => Body): Operation {
  return {
    name: "conversations",
    method: at.method,
    route: at.path,
    open: (request) => ({
      facts: at.id === undefined ? factsOfModel(undefined) : factsAbout(at.id, request.kept, undefined),
      ask() {
        const body = respond(request);
        const write = (script: Script) => jsonPlan(withoutDelay(script), 0, body(script));
        return textless({ model: "", promptTokens: 0, write });
      },
    }),
  };
}

function itemsIn(body: JsonObject, list: readonly unknown[]): readonly JsonObject[] {
  return list.length === 0 ? [] : readItemList(body["items"], "items");
}

function show({ id, found }: About): Body {
  return () => conversationJson(id, found);
}

function update({ id, request, found }: About): Body {
  const changed = { ...found, metadata: read(openJson(request.body, []).whole(), newMetadata) };
  return () => {
    keep(request.kept, id, changed);
    return conversationJson(id, changed);
  };
}

function remove({ id, request }: About): Body {
  return () => {
    request.kept?.forget(id);
    return `{"id":"${id}","object":"conversation.deleted","deleted":true}`;
  };
}

function listItems({ request, found }: About): Body {
  const page = readPage(queryOf(request.target));
  return () => listJson(found.items, page);
}

function addItems({ id, request }: About): Body {
  const body = openJson(request.body, []).whole();
  const items = itemsIn(body, read(body, newItems));
  const tokens = countItems(items, request.count);
  return ({ id: requestId }) => {
    const shown = shownItems(items, requestId);
    if (request.kept !== undefined) extendConversation(request.kept, id, { items: shown, tokens });
    return listJson(shown, { order: "asc", after: undefined, limit: maxItems });
  };
}

function showItem(found: Conversation, itemId: string): Body {
  const item = knownItem(found, itemId);
  return () => JSON.stringify(item);
}

function removeItem({ id, request, found }: About, itemId: string): Body {
  const item = knownItem(found, itemId);
  const left = { ...found, items: found.items.filter((each) => each !== item) };
  return () => {
    keep(request.kept, id, left);
    return conversationJson(id, left);
  };
}

function knownItem({ items }: Conversation, itemId: string): JsonObject {
  const item = items.find((each) => each["id"] === itemId);
  if (item !== undefined) return item;
  throw new StuntdoubleError("NOT_FOUND", `Item with id '${itemId.slice(0, 64)}' not found.`, { detail: null });
}

const nameField = field.mixed("conversation", nameOf, { called: "a string or an object" });
const idField = required(field.string("id"));

function nameOf(value: unknown): string | JsonObject | undefined {
  return typeof value === "string" || isObject(value) ? value : undefined;
}

/** The id of the conversation that a request for a response belongs to. @throws BODY_INVALID */
export function readConversation(body: JsonObject): string | undefined {
  const given = read(body, nameField);
  if (given === undefined) return undefined;
  const id = typeof given === "string" ? given : read(given, idField, "conversation");
  if ((body["previous_response_id"] ?? undefined) === undefined) return id;
  const problem = "Mutually exclusive parameters: 'previous_response_id' and 'conversation' cannot be used together.";
  return refuse("previous_response_id", "mutually_exclusive_parameters", problem);
}

/** Ids of the calls in a conversation. */
export function callsIn({ items }: Conversation): string[] {
  return elementsOf(items).flatMap((item) => {
    const id = isObject(item) && item["type"] === "function_call" ? item["call_id"] : undefined;
    return typeof id === "string" ? [id] : [];
  });
}

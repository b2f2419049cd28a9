import { StuntdoubleError } from "../../../errors.ts";
import { rngFrom } from "../../../rng.ts";
import type { Plan } from "../../../types.ts";
import { field } from "../check.ts";
import { read, required } from "../../shared/fields.ts";
import { elementsOf, isObject, openJson, type JsonObject } from "../../shared/json-body.ts";
import { factsAbout, factsOfModel, textless, withoutDelay } from "../../shared/textless.ts";
import { listJson, queryOf, readPage } from "../list.ts";
import { choicesId, jsonPlan } from "../text.ts";
import { writeChat } from "./response.ts";
import type { ChatResponse } from "./types.ts";
import type { KeptResponses, OpenRequest, Operation, Script } from "../../types.ts";

/** What is kept of a chat completion. */
type StoredChat = {
  readonly model: string;
  readonly metadata: JsonObject;
  readonly messages: readonly unknown[];
  readonly response: JsonObject;
};

const route = "/v1/chat/completions";
const idPrefix = "chatcmpl-";
const pathForm = /^\/v1\/chat\/completions\/([^/]+)(\/messages)?$/;
/** Under this id is how many there have been, and under it with a place the id of one of the last. */
const countId = "chat.completions";
const maxListed = 100;

const metadataField = field.object("metadata", { each: field.string("value") });
const newMetadata = required(metadataField);

/**
 * Writes a chat completion, and keeps the whole of it, so that it can be listed and asked for.
 *
 * @param body of the request
 */
export function writeStored(response: ChatResponse, body: JsonObject, kept: KeptResponses): Plan {
  const id = choicesId(idPrefix, response.script);
  const rng = rngFrom(response.script.rng.state.copy());
  const plan = writeChat(response);
  if (!id.startsWith(idPrefix)) return plan;
  const { frames } = response.streaming.stream ? wholeOf({ ...response, script: { ...response.script, rng } }) : plan;
  const metadata = read(body, metadataField) ?? {};
  const before = JSON.stringify({ model: response.model, metadata, messages: elementsOf(body["messages"]) });
  kept.keep(id, [`${before.slice(0, -1)},"response":`, ...Array.from(frames, ({ data }) => String(data)), "}"]);
  list(kept, id);
  return plan;
}

/** What a stream says, as a whole. */
function wholeOf(response: ChatResponse): Plan {
  return writeChat({ ...response, streaming: { ...response.streaming, stream: false } });
}

/** Adds an id to the last ones. */
function list(kept: KeptResponses, id: string): void {
  const count = listedBefore(kept);
  kept.keep(placeOf(count), [id]);
  kept.keep(countId, [String(count + 1)]);
}

/** The ids of the last ones, the oldest first. */
function listed(kept: KeptResponses | undefined): readonly string[] {
  if (kept === undefined) return [];
  const count = listedBefore(kept);
  const places = Array.from({ length: Math.min(count, maxListed) }, (_, back) => placeOf(count - 1 - back));
  return places.toReversed().flatMap((place) => kept.find(place) ?? []);
}

function listedBefore(kept: KeptResponses): number {
  return Number(kept.find(countId) ?? 0);
}

function placeOf(count: number): string {
  return `${countId}.${count % maxListed}`;
}

function keep(kept: KeptResponses | undefined, id: string, stored: StoredChat): void {
  kept?.keep(id, [JSON.stringify(stored)]);
}

function find(kept: KeptResponses | undefined, id: string): StoredChat | undefined {
  const text = id.startsWith(idPrefix) ? kept?.find(id) : undefined;
  return text === undefined ? undefined : JSON.parse(text);
}

function shown({ response, metadata }: StoredChat): JsonObject {
  return { ...response, metadata };
}

/** `GET /v1/chat/completions`: the last ones that were stored. @see the OpenAI document, ChatCompletionList */
export const storedChats: Operation = operation({ method: "GET", path: route }, ({ kept, target }) => {
  const query = queryOf(target);
  const page = readPage(query, "asc");
  const wanted = Object.entries(query).flatMap(([name, value]) => {
    const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
    return key === undefined ? [] : [[key, String(value)] as const];
  });
  const { model } = query;
  const found = listed(kept).flatMap((id) => find(kept, id) ?? []);
  const meant = found.filter(
    (each) =>
      (model === undefined || each.model === model) && wanted.every(([key, value]) => each.metadata[key] === value),
  );
  return () => listJson(meant.map(shown), page);
});

/** The operations on one chat completion that was stored; none for any other path. */
export function storedChatAt(path: string): readonly Operation[] {
  if (!path.startsWith(`${route}/`)) return [];
  const [, id, messages] = pathForm.exec(path) ?? [];
  if (id === undefined) return [];
  const about = (method: string, respond: (about: About) => Body): Operation =>
    operation({ method, path, id }, (request) => respond({ id, request, found: known(request.kept, id) }));
  if (messages !== undefined) return [about("GET", listMessages)];
  return [about("GET", show), about("POST", update), about("DELETE", remove)];
}

type Body = (script: Script) => string;
type About = { readonly id: string; readonly request: OpenRequest; readonly found: StoredChat };
type Place = { readonly method: string; readonly path: string; readonly id?: string };

/** Such a response costs the provider nothing, so it comes at once. */
function operation({ method, path, id }: Place, respond: (request: OpenRequest) => Body): Operation {
  return {
    name: "stored_chats",
    method,
    route: path,
    open: (request) => ({
      facts: id === undefined ? factsOfModel(undefined) : factsAbout(id, request.kept, find(request.kept, id)?.model),
      ask() {
        const body = respond(request);
        const write = (script: Script) => jsonPlan(withoutDelay(script), 0, body(script));
        return textless({ model: "", promptTokens: 0, write });
      },
    }),
  };
}

function known(kept: KeptResponses | undefined, id: string): StoredChat {
  const found = find(kept, id);
  if (found !== undefined) return found;
  throw new StuntdoubleError("NOT_FOUND", `Completion with id '${id.slice(0, 64)}' not found.`, { detail: null });
}

function show({ found }: About): Body {
  return () => JSON.stringify(shown(found));
}

function update({ id, request, found }: About): Body {
  const changed = { ...found, metadata: read(openJson(request.body, []).whole(), newMetadata) };
  return () => {
    keep(request.kept, id, changed);
    return JSON.stringify(shown(changed));
  };
}

function remove({ id, request }: About): Body {
  return () => {
    request.kept?.forget(id);
    return JSON.stringify({ object: "chat.completion.deleted", id, deleted: true });
  };
}

function listMessages({ id, request, found }: About): Body {
  const page = readPage(queryOf(request.target), "asc");
  const messages = found.messages.filter(isObject).map(({ role, content, name = null }, index) => {
    const isText = typeof content === "string";
    return {
      id: `${id}-${index}`,
      role,
      content: isText ? content : null,
      name,
      content_parts: isText ? null : (content ?? null),
    };
  });
  return () => listJson(messages, page);
}

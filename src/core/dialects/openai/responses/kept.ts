import { StuntdoubleError } from "../../../errors.ts";
import type { Facts } from "../../../types.ts";
import { refuse } from "../check.ts";
import type { JsonObject } from "../../shared/json-body.ts";
import { readItems } from "./input.ts";
import { shownItems } from "./items.ts";
import { listJson, queryOf, readPage } from "../list.ts";
import { jsonPlan } from "../text.ts";
import { withoutDelay, factsAbout, factsOfModel, textless } from "../../shared/textless.ts";
import type { Ask, KeptResponses, Operation, OpenRequest, Script } from "../../types.ts";

/** What is kept of a response. */
export type KeptResponse = {
  readonly model: string;
  /** Tokens of the conversation up to its end. */
  readonly tokens: number;
  /** Ids of the calls it makes. */
  readonly calls: readonly string[];
  readonly background: boolean;
  /** The second in which its last token leaves, since 1970. */
  readonly overAtSeconds: number;
  /** JSON of the response, and of the request it answers. */
  readonly response: string;
  readonly request: string;
};

/** Keeps a response: a line of facts, a line with its JSON, and the request as it came. */
export function keepResponse(kept: KeptResponses | undefined, id: string, made: KeptResponse): void {
  const calls = made.calls.length === 0 ? "[]" : JSON.stringify(made.calls);
  const facts =
    `{"model":${JSON.stringify(made.model)},"tokens":${made.tokens},"calls":${calls},` +
    `"background":${made.background},"overAtSeconds":${made.overAtSeconds}}`;
  // In pieces, because the response goes to the caller as it is.
  kept?.keep(id, [`${facts}\n`, made.response, `\n${made.request}`]);
}

/** The response kept under an id; undefined when there is none, or none any more. */
export function findResponse(kept: KeptResponses | undefined, id: string): KeptResponse | undefined {
  const text = kept?.find(id);
  if (text === undefined) return undefined;
  const factsEnd = text.indexOf("\n");
  const responseEnd = text.indexOf("\n", factsEnd + 1);
  const facts: Omit<KeptResponse, "response" | "request"> = JSON.parse(text.slice(0, factsEnd));
  return { ...facts, response: text.slice(factsEnd + 1, responseEnd), request: text.slice(responseEnd + 1) };
}

const route = "/v1/responses";
const idPrefix = "resp_";
const idForm = /^\/v1\/responses\/([^/]+)(\/input_items|\/cancel)?$/;

/**
 * The operations on one response: `GET` and `DELETE /v1/responses/{id}`, `GET` of its `/input_items`, `POST` to its
 * `/cancel`.
 *
 * @returns none for any other path
 */
export function responseAt(path: string): readonly Operation[] {
  if (!path.startsWith(`${route}/`)) return [];
  const [, id, rest] = idForm.exec(path) ?? [];
  if (id === undefined) return [];
  const operation = (method: string, respond: Respond): Operation => ({
    name: "responses",
    method,
    route: path,
    open: (request) => openKept(request, id, respond),
  });
  if (rest === "/input_items") return [operation("GET", listInput)];
  if (rest === "/cancel") return [operation("POST", cancel)];
  // A path that the provider may have and this has not is no response: `POST /v1/responses/{anything}`.
  const further = id.startsWith(idPrefix) ? [] : [unknown("POST", path)];
  return [operation("GET", show), operation("DELETE", remove), ...further];
}

/** An operation that is refused as one that is not there. */
function unknown(method: string, path: string): Operation {
  return {
    name: "responses",
    method,
    route: path,
    open: () => ({
      facts: factsOfModel(undefined),
      ask() {
        throw new StuntdoubleError("NOT_FOUND", `Invalid URL (${method} ${path})`);
      },
    }),
  };
}

/** Makes the body of a response about a response. */
type Respond = (about: About) => (script: Script) => string;
type About = {
  readonly id: string;
  readonly found: KeptResponse;
  readonly query: JsonObject;
  readonly kept: KeptResponses | undefined;
};

function openKept({ target, kept }: OpenRequest, id: string, respond: Respond) {
  const found = findResponse(kept, id);
  const facts: Facts = factsAbout(id, kept, found?.model);
  const ask = (): Ask => {
    if (!id.startsWith(idPrefix)) {
      const problem = `Invalid 'response_id': '${id.slice(0, 64)}'. Expected an ID that begins with 'resp_'.`;
      refuse("response_id", "invalid_value", problem);
    }
    if (found === undefined) {
      throw new StuntdoubleError("NOT_FOUND", `Response with id '${id.slice(0, 64)}' not found.`, { detail: null });
    }
    const body = respond({ id, found, query: queryOf(target), kept });
    return textless({
      model: found.model,
      promptTokens: 0,
      write: (script) => {
        return jsonPlan(withoutDelay(script), 0, body(script));
      },
    });
  };
  return { facts, ask };
}

function show({ found, query }: About): (script: Script) => string {
  if (query["stream"] === "true") {
    refuse(
      "stream",
      "unsupported_parameter",
      "A stand-in does not stream a response that is kept; leave out 'stream'.",
    );
  }
  return (script) => (isOver(found, script) ? found.response : unfinished(found, "in_progress"));
}

function remove({ id, kept }: About): () => string {
  return () => {
    kept?.forget(id);
    return `{"id":"${id}","object":"response","deleted":true}`;
  };
}

function cancel({ id, found, kept }: About): (script: Script) => string {
  if (!found.background) {
    refuse("response_id", "invalid_value", "Cannot cancel a synchronous response.");
  }
  return (script) => {
    if (isOver(found, script)) return found.response;
    const cancelled = { ...found, calls: [], overAtSeconds: 0, response: unfinished(found, "cancelled") };
    keepResponse(kept, id, cancelled);
    return cancelled.response;
  };
}

function isOver({ overAtSeconds }: KeptResponse, { createdSeconds }: Script): boolean {
  return createdSeconds >= overAtSeconds;
}

/** A response that has said nothing yet, or never will. */
function unfinished({ response }: KeptResponse, status: "in_progress" | "cancelled"): string {
  const { usage: _, ...made }: JsonObject = JSON.parse(response);
  return JSON.stringify({ ...made, status, completed_at: null, incomplete_details: null, output: [] });
}

function listInput({ id, found, query }: About): () => string {
  const page = readPage(query);
  return () => listJson(shownItems(readItems(JSON.parse(found.request)), id), page);
}

import { withFirst } from "../../frames.ts";
import { keepHeaders } from "../../headers.ts";
import type { HeadTime, Plan } from "../../types.ts";
import { togetherExceeded } from "./context.ts";
import type { ContextExcess, ContextRefusal, Dialect, Failure, Opened, Operation, Rendered, Script } from "../types.ts";
import type { ChatMembers, Relative } from "../relative.ts";
import { openaiBodyOf, renderFailure, type OpenaiBody } from "./errors.ts";
import { openai } from "./index.ts";
import { keepAlive } from "./keep-alive.ts";
import { responseId } from "./text.ts";

/** An API that clients of OpenAI's use with another base URL. */
export type CompatibleApi = {
  readonly name: string;
  readonly paths: Paths;
  /** How it differs; without any it responds as OpenAI's does, but for OpenAI's own headers. */
  readonly quirks?: Quirks;
};

export type Paths = {
  /** What stands before OpenAI's paths, as `/api` in `/api/v1/chat/completions`; it tells the API from all others. */
  readonly prefix: `/${string}`;
  /**
   * What stands before OpenAI's paths at the API itself, where another API has such paths too. They are its own only
   * where an upstream of it is configured.
   */
  readonly native?: "" | `/${string}`;
  /** Those of OpenAI's operations that it has, and its own. */
  readonly operations: readonly Operation[];
};

/** What an API has instead of OpenAI's. */
export type Quirks = {
  /** Name of the header with the request id. */
  readonly requestIdHeader?: string;
  /** Ids of responses with choices begin with it, and the header of the request id tells the whole id. */
  readonly idPrefix?: string;
  /** The service tier that every chat names; OpenAI's when absent. */
  readonly serviceTier?: string;
  /** Whether a response with vectors has an id, which is that of the request; false when absent. */
  readonly vectorsHaveId?: boolean;
  /** Members at the end of every whole response with choices. */
  readonly end?: Readonly<Record<string, unknown>>;
  /** A comment at the beginning of every stream, while the model has not begun. */
  readonly comment?: string;
  /** What a stream does whatever `stream_options` says. */
  readonly streaming?: Relative["streaming"];
  /** What chats have besides. */
  readonly chat?: ChatMembers;
  readonly errors?: ErrorQuirks;
  /** Whether headers tell what is left of a quota; true when absent. */
  readonly quotaHeaders?: boolean;
  /** What it says to a request that does not fit into the context window; in the words of OpenAI's older models when absent. */
  readonly contextExceeded?: Dialect["contextExceeded"];
  /** When the head of a stream leaves; at once when absent. */
  readonly head?: HeadTime;
};

/** How errors differ. What is told of one is what OpenAI's API would say of it. */
export type ErrorQuirks = {
  readonly members: readonly (keyof ToldError)[];
  /** The `type` of an error; OpenAI's when absent. */
  readonly type?: (failure: Failure, openais: string) => string;
  /** The `code` of an error; the status, an integer, when absent. */
  readonly code?: (failure: Failure, openais: string | null) => unknown;
  /** The body that an error stands in; it is the member `error` when absent. */
  readonly body?: (error: object, failure: Failure) => object;
  /** The whole body by the status, where it is not of the usual form and has no message of ours. */
  readonly bodies?: Readonly<Record<number, object>>;
  /** Members beside the error where it comes in the middle of a stream. */
  readonly inStream?: (failure: Failure) => object;
};

type ToldError = OpenaiBody["error"];

/**
 * The dialect of an API that is OpenAI's below another path.
 *
 * Its requests are told by that path. Its upstreams take their key, and its live streams are read, as OpenAI's.
 */
export function openaiCompatible({ name, paths, quirks = {} }: CompatibleApi): Dialect {
  const { prefix, native, operations } = paths;
  const { requestIdHeader = openai.requestIdHeader, errors, quotaHeaders = true } = quirks;
  const { contextExceeded = longForAny } = quirks;
  const idHeader = idHeaderOf(quirks);
  const relative = relativeOf(quirks, idHeader);
  const at = (before: string): Operation[] =>
    operations.map((operation) => below(before, operation, (opened) => adapted(opened, relative, quirks)));
  return {
    name,
    operations: at(prefix),
    ...(native !== undefined && {
      shared: { operations: at(native), claims: (path: string) => path.startsWith(`${native}/v1/`) },
    }),
    claims: (path) => path.startsWith(`${prefix}/v1/`),
    requestIdHeader,
    credential: openai.credential,
    failure(failure) {
      const { head, body } = renderFailure(failure);
      const headers = keepHeaders(head.headers, (each) => keptOf(each, quotaHeaders));
      headers.push(...idHeader(failure.requestId));
      return { head: { ...head, headers }, body: errors === undefined ? body : errorBody(failure, errors) };
    },
    failureEvent(failure, place) {
      if (errors === undefined) return openai.failureEvent(failure, place);
      return `data: ${errorBody(failure, errors, errors.inStream?.(failure))}\n\n`;
    },
    quotaHeaders: quotaHeaders ? openai.quotaHeaders : () => [],
    readStream: openai.readStream,
    keepAlive,
    readUsage: openai.readUsage,
    members: openai.members,
    contextExceeded,
  };
}

const generating = new Set(["chat", "completions", "responses"]);

function longForAny(excess: ContextExcess): ContextRefusal | undefined {
  if (!generating.has(excess.operation)) return undefined;
  return { message: togetherExceeded(excess), param: "messages", detail: "context_length_exceeded" };
}

type IdHeader = (requestId: string) => string[];

/** The header with the request id; none where there is no id. */
function idHeaderOf({ requestIdHeader = openai.requestIdHeader, idPrefix }: Quirks): IdHeader {
  return (requestId) => {
    if (requestId === "") return [];
    return [requestIdHeader, idPrefix === undefined ? requestId : responseId(idPrefix, requestId)];
  };
}

/** How good responses differ. */
function relativeOf(
  { idPrefix, serviceTier, vectorsHaveId, streaming, chat, end }: Quirks,
  idHeader: IdHeader,
): Relative {
  return {
    idPrefix,
    serviceTier,
    vectorsHaveId,
    streaming,
    chat,
    end: end === undefined ? "" : `,${JSON.stringify(end).slice(1, -1)}`,
    headers: (contentType, requestId) => ["content-type", contentType, ...idHeader(requestId)],
  };
}

/** An operation of OpenAI's API below a path. @param adapt what is opened there */
export function below(prefix: string, operation: Operation, adapt: (opened: Opened) => Opened): Operation {
  return {
    ...operation,
    route: prefix + operation.route,
    open: (request) => adapt(operation.open({ ...request, target: request.target.slice(prefix.length) })),
  };
}

function adapted({ facts, ask }: Opened, relative: Relative, { comment, head }: Quirks): Opened {
  return {
    facts,
    ask(settings) {
      const asked = ask({ ...settings, compatible: true });
      const write = (script: Script): Plan => asked.write({ ...script, relative });
      const commented = comment !== undefined && asked.stream;
      return { ...asked, head, write: commented ? (script) => withComment(write(script), comment) : write };
    },
  };
}

/** A stream that says first that the connection is alive. */
function withComment(plan: Plan, comment: string): Plan {
  const first = { atMs: plan.headAtMs, data: `: ${comment}\n\n`, tokens: 0, final: false };
  return { ...plan, frames: withFirst(first, plan.frames) };
}

/** OpenAI's own headers of a failure are left out. */
function keptOf(name: string, quotaHeaders: boolean): boolean {
  return name === "content-type" || name === "retry-after" || (quotaHeaders && name.startsWith("x-ratelimit-"));
}

function errorBody(failure: Failure, errors: ErrorQuirks, beside: object = {}): Rendered["body"] {
  const { members, bodies, body = (error) => ({ error }) } = errors;
  const own = bodies?.[failure.status];
  if (own !== undefined) return JSON.stringify({ ...own, ...beside });
  const told = openaiBodyOf(failure).error;
  const type = errors.type?.(failure, told.type) ?? told.type;
  const code = errors.code === undefined ? failure.status : errors.code(failure, told.code);
  const all = { ...told, type, code };
  const error = Object.fromEntries(members.map((member) => [member, all[member]]));
  return JSON.stringify({ ...beside, ...body(error, failure) });
}

import { RE2JS } from "re2js";
import { faultSchema } from "../../core/faults/index.ts";
import { matchSchema, type Match } from "../../core/match.ts";
import { replySchema } from "../../core/replies/schema.ts";
import type { Reply } from "../../core/replies/types.ts";
import type { FaultConfig } from "../../core/types.ts";
import { choice, isMapping, listOf, mapOf, type Checked, type Path, type Raw } from "../findings.ts";

/** One fixture in our terms: all of its conditions must hold. */
export type Fixture = {
  readonly matches: readonly Match[];
  readonly reply?: Reply;
  readonly faults?: readonly FaultConfig[];
};

/** What is read of one fixture, and where its errors go. */
type Reading = { readonly path: Path; readonly checked: Checked };

/**
 * The fixtures of a file of aimock in our terms.
 *
 * @param checked gets an error for everything that cannot be said here, and a warning for what changes nothing
 * @see https://aimock.copilotkit.dev/fixtures, "Match Fields", "Response Types" and "Matching Semantics"
 */
export function aimockFixtures(raw: unknown, checked: Checked): Fixture[] {
  const { fixtures } = mapOf(raw);
  if (!Array.isArray(fixtures)) {
    const message = "must have a list of fixtures, as files of aimock have";
    checked.findings.push({ path: [], code: "required", message });
    return [];
  }
  return listOf(fixtures).map((fixture, index) => fixtureOf(mapOf(fixture), { path: ["fixtures", index], checked }));
}

const timing = "the latency profile says when tokens leave";
const providers = "an error has the provider's own for its status";
const scripted = "post replies with times: 1 to the admin API instead";
const useFaults = "use faults of a rule instead";

/** Members of a fixture that change nothing here, and why. */
const withoutEffect: Readonly<Record<string, string>> = {
  latency: timing,
  chunkSize: timing,
  streamingProfile: timing,
  recordedTimings: timing,
  replaySpeed: timing,
};
/** What there is no way to say, and what to do instead. */
const unsupported: Readonly<Record<string, string>> = {
  truncateAfterChunks: useFaults,
  disconnectAfterMs: useFaults,
  chaos: useFaults,
  sequenceIndex: scripted,
};
const known = new Set(["match", "response", "metadata"]);

function fixtureOf(fixture: Raw, reading: Reading): Fixture {
  for (const name of Object.keys(fixture)) if (!known.has(name)) passOver(name, reading);
  const { match = {}, response } = fixture;
  const matches = matchesOf(mapOf(match), below(reading, "match"));
  return { matches, ...responseOf(mapOf(response), below(reading, "response")) };
}

function below({ path, checked }: Reading, name: string): Reading {
  return { path: [...path, name], checked };
}

/** Says that a member changes nothing, or that there is no way to say it here. */
function passOver(name: string, { path, checked }: Reading): void {
  const reason = Object.hasOwn(withoutEffect, name) ? withoutEffect[name] : undefined;
  const at: Path = [...path, name];
  if (reason !== undefined) checked.warnings.push({ path: at, code: "no-effect", message: `has no effect: ${reason}` });
  else refuse(at, `cannot be said here${Object.hasOwn(unsupported, name) ? `; ${unsupported[name]}` : ""}`, checked);
}

function refuse(path: Path, message: string, { findings }: Checked): void {
  findings.push({ path, at: "value", code: "invalid-value", message });
}

/** How each field of `match` is said here; a list of conditions of which all must hold. */
const matchers: Readonly<Record<string, (value: unknown) => readonly Match[] | undefined>> = {
  userMessage: (value) => containing("lastUserMessage", value),
  systemMessage: (value) => listed(value).flatMap((each) => containing("system", each) ?? []),
  toolResultContains: (value) => containing("toolResult", value),
  toolCallId: (value) => literal("toolCallId", value),
  toolName: (value) => literal("toolNames", value),
  model: (value) => (isLiteral(value) ? [{ model: [value, ...versionsOf(value)] }] : undefined),
  responseFormat: (value) => [{ json: { path: "$.response_format.type", equals: value } }],
  turnIndex: (value) => [{ turns: { min: value, max: value } }],
  hasToolResult: (value) => [{ hasToolResult: value }],
  endpoint: (value) => (value === "chat" ? [] : undefined),
  context: (value) => (isLiteral(value) ? [{ header: { "x-aimock-context": value } }] : undefined),
};

function matchesOf(match: Raw, reading: Reading): readonly Match[] {
  return Object.entries(match).flatMap(([name, value]) => {
    const said = Object.hasOwn(matchers, name) ? matchers[name] : undefined;
    if (said === undefined) {
      passOver(name, reading);
      return [];
    }
    const path: Path = [...reading.path, name];
    const matches = said(value);
    if (matches === undefined) refuse(path, "cannot be said here", reading.checked);
    return (matches ?? []).filter((each) => {
      const issue = matchSchema.safeParse(each).error?.issues[0];
      if (issue !== undefined) refuse(path, issue.message, reading.checked);
      return issue === undefined;
    });
  });
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** A text stands for all in which it occurs; an empty one for all there are. */
function containing(name: string, value: unknown): readonly Match[] {
  return [{ [name]: typeof value === "string" ? (value === "" ? "^" : RE2JS.quote(value)) : value }];
}

function literal(name: string, value: unknown): readonly Match[] | undefined {
  return isLiteral(value) ? [{ [name]: value }] : undefined;
}

/** A string that as a pattern stands for itself. */
function isLiteral(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !value.includes("*");
}

/** A model stands for its dated versions, too: `gpt-4o-2024-08-06` is one of `gpt-4o`, and `gpt-4o-mini` none. */
function versionsOf(model: string): string[] {
  return Array.from("0123456789", (digit) => `${model}-${digit}*`);
}

type Said = Pick<Fixture, "reply" | "faults">;

function responseOf(response: Raw, reading: Reading): Said {
  if (response["error"] !== undefined) return errorOf(response, reading);
  const { content, toolCalls, blocks, reasoning, role, finishReason, ...others } = response;
  for (const name of Object.keys(others)) passOver(name, reading);
  const spoken = blocks === undefined ? { content, toolCalls } : fromBlocks(blocks, reading);
  const calls = spoken.toolCalls === undefined ? {} : { toolCalls: listOf(spoken.toolCalls).map(callOf) };
  checkUsual({ role, finishReason }, spoken.toolCalls === undefined ? "stop" : "tool_calls", reading);
  const isSilent = spoken.content === undefined || (spoken.content === "" && spoken.toolCalls !== undefined);
  const words = isSilent ? {} : wordsOf(spoken.content);
  return checkedReply({ ...words, ...calls, ...(reasoning !== undefined && { reasoning }) }, reading);
}

/** Who speaks and how a response ends follows from what is said. */
function checkUsual({ role, finishReason }: Raw, usual: string, { path, checked }: Reading): void {
  if (role !== undefined && role !== "assistant") refuse([...path, "role"], "must be assistant", checked);
  if (finishReason === undefined || finishReason === usual) return;
  refuse([...path, "finishReason"], `must be ${usual}, which is what such a response ends with`, checked);
}

function checkedReply(reply: object, { path, checked }: Reading): Said {
  const { data, error } = replySchema.safeParse(reply);
  for (const { path: at, message } of error?.issues ?? []) {
    const [first] = at;
    const empty = "must have content, toolCalls, blocks or error, of the types that they have";
    refuse(path, first === undefined ? empty : `${String(first)}: ${message}`, checked);
  }
  return data === undefined ? {} : { reply: data };
}

function wordsOf(content: unknown): object {
  return typeof content === "object" && content !== null ? { json: content } : { text: content };
}

/** An array of arguments is sent as its JSON. */
function callOf(call: unknown): unknown {
  if (!isMapping(call) || !Array.isArray(call["arguments"])) return call;
  return { ...call, arguments: JSON.stringify(call["arguments"]) };
}

/** Blocks are said in the order text, calls. */
function fromBlocks(blocks: unknown, reading: Reading): { readonly content?: unknown; readonly toolCalls?: unknown } {
  const list = listOf(blocks).map(mapOf);
  const firstCall = list.findIndex(({ type }) => type === "toolCall");
  const lastText = list.findLastIndex(({ type }) => type === "text");
  const path: Path = [...reading.path, "blocks"];
  if (firstCall !== -1 && firstCall < lastText) refuse(path, "text must come before calls of tools", reading.checked);
  const unknown = list.findIndex(({ type }) => type !== "text" && type !== "toolCall");
  if (unknown !== -1) {
    const { type } = list[unknown] ?? {};
    const wrong = {
      path: [...path, unknown, "type"],
      code: "not-allowed",
      message: "must be text or toolCall",
    } as const;
    reading.checked.findings.push({ ...wrong, ...choice(type, ["text", "toolCall"]) });
  }
  const texts = list.flatMap(({ type, text }) => (type === "text" ? [text] : []));
  const calls = list.filter(({ type }) => type === "toolCall").map(withoutType);
  return {
    ...(texts.length > 0 && { content: texts.join("") }),
    ...(calls.length > 0 && { toolCalls: calls }),
  };
}

function withoutType(block: Raw): Raw {
  return Object.fromEntries(Object.entries(block).filter(([name]) => name !== "type"));
}

function errorOf(response: Raw, reading: Reading): Said {
  const { error, status = 500, retryAfter, ...others } = response;
  for (const name of Object.keys(others)) passOver(name, reading);
  const { message, ...told } = mapOf(error);
  for (const name of Object.keys(told)) {
    const path: Path = [...reading.path, "error", name];
    reading.checked.warnings.push({ path, code: "no-effect", message: `has no effect: ${providers}` });
  }
  const fault = {
    kind: "status",
    status,
    ...(message !== undefined && { message }),
    ...(retryAfter !== undefined && { retryAfterSeconds: retryAfter }),
  };
  const { data, error: wrong } = faultSchema.safeParse(fault);
  for (const issue of wrong?.issues ?? []) {
    refuse(reading.path, `${issue.path.join(".")}: ${issue.message}`, reading.checked);
  }
  return data === undefined ? {} : { faults: [data] };
}

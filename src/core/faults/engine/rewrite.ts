import { headerValue } from "../../headers.ts";
import type { Frame, Head, Sink } from "../../types.ts";
import { joinedBytes, bytesOf, textIn } from "./bytes.ts";
import { envelopeOf, formOf as formOfStream, within, type Form } from "./events.ts";
import { JsonEdit } from "./json-edit.ts";
import type { FaultContext } from "./types.ts";

/** Changes the JSON of an event, or of a whole response. */
export type Change = (json: JsonEdit, isEvent: boolean) => void;

/** A longer body is passed on as it is. */
const maxBodyBytes = 4 * 1024 * 1024;

/**
 * Changes the JSON of every event of a stream; a JSON response is held back until it is whole, and then changed.
 *
 * What holds no JSON object is passed on as it is, and so are errors and responses that are encoded.
 */
export function rewriting(next: Sink, context: FaultContext, change: Change): Sink {
  let form: Form | "whole" | "other" = "other";
  let held: Frame[] = [];
  let heldBytes = 0;

  context.whenLetGo(() => held);

  function release(atMs: number): void {
    for (const frame of held) next.data({ ...frame, atMs });
    held = [];
  }

  return {
    head(atMs, head) {
      form = formOf(head, context);
      next.head(atMs, head);
    },
    data(frame) {
      if (form === "other") return next.data(frame);
      if (form !== "whole") return next.data(changedEvent(frame, form, { context, change }));
      held.push(frame);
      heldBytes += bytesOf(frame.data).length;
      if (heldBytes <= maxBodyBytes) return;
      form = "other";
      release(frame.atMs);
    },
    end(atMs, ending) {
      const body = ending === "finish" ? bodyOf(held, atMs) : undefined;
      const changed = body && isObject(body) ? changedFrame(body, (json) => change(json, false)) : undefined;
      if (changed === undefined) release(atMs);
      else {
        held = [];
        context.fired();
        next.data(changed);
      }
      next.end(atMs, ending);
    },
  };
}

type Changing = { readonly context: FaultContext; readonly change: Change };

function changedEvent(frame: Frame, form: Form, { context, change }: Changing): Frame {
  const envelope = envelopeOf(form, context.dialect);
  const changed = within(frame, envelope, (inner) => changedFrame(inner, (json) => change(json, true)));
  if (changed !== undefined) context.fired();
  return changed ?? frame;
}

/** What a response is made of, as far as its JSON can be read. */
function formOf(head: Head, context: FaultContext): Form | "whole" | "other" {
  const { status, headers } = head;
  if (status >= 400 || headerValue(headers, "content-encoding") !== undefined) return "other";
  const stream = formOfStream(head, context);
  if (stream !== undefined) return stream;
  const type = headerValue(headers, "content-type")?.toLowerCase() ?? "";
  return type.startsWith("application/json") ? "whole" : "other";
}

function bodyOf(held: readonly Frame[], atMs: number): Frame | undefined {
  const [first, ...others] = held;
  if (first === undefined) return undefined;
  if (others.length === 0) return { ...first, atMs };
  const tokens = held.reduce((sum, frame) => sum + frame.tokens, 0);
  return {
    atMs,
    data: joinedBytes(held.map(({ data }) => bytesOf(data))),
    tokens,
    final: held.some((each) => each.final),
  };
}

const blank = 0x20;
const openBrace = 0x7b;

function isObject({ data }: Frame): boolean {
  return bytesOf(data).find((byte) => byte > blank) === openBrace;
}

/** A frame with its JSON changed, and what stands around that as it is; undefined when nothing has changed. */
export function changedFrame(frame: Frame, change: (json: JsonEdit) => void): Frame | undefined {
  const placed = jsonIn(frame);
  if (placed === undefined) return undefined;
  const { before, json, after } = placed;
  change(json);
  const changed = json.result();
  if (changed === undefined) return undefined;
  const data = renamed(before, json.text, changed) + changed + after;
  return { ...frame, data: typeof frame.data === "string" ? data : bytesOf(data) };
}

/** The JSON object of a frame, and the text around it; undefined where there is none. */
export function jsonIn({ data }: Frame): { before: string; json: JsonEdit; after: string } | undefined {
  const text = textIn(data);
  const from = text?.indexOf("{") ?? -1;
  if (text === undefined || from === -1) return undefined;
  const to = text.lastIndexOf("}") + 1;
  const json = JsonEdit.of(text.slice(from, to));
  return json && { before: text.slice(0, from), json, after: text.slice(to) };
}

/** What stands before the JSON; a line that tells its type tells the new one. */
function renamed(before: string, old: string, changed: string): string {
  if (!before.startsWith("event:")) return before;
  const [oldType, type] = [typeOf(old), typeOf(changed)];
  return oldType === undefined || type === undefined ? before : before.replace(oldType, () => type);
}

function typeOf(json: string): string | undefined {
  const { type }: { type?: unknown } = JSON.parse(json);
  return typeof type === "string" ? type : undefined;
}

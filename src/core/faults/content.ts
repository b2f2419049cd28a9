import { z } from "zod";
import { refusalText, type Marks, type Members } from "../dialects/shared/members.ts";
import type { JsonEdit } from "./engine/json-edit.ts";
import { createRetelling, saying, type Retelling } from "./engine/retell.ts";
import { rewriting, type Change } from "./engine/rewrite.ts";
import type { Fault } from "./engine/types.ts";

const options = z
  .strictObject({
    what: z
      .enum(["refusal", "filtered", "empty", "length", "wrong-schema", "other-model"])
      .describe(
        "the model declines; a content filter ends the text; the text is empty; the limit on tokens ends it; " +
          "its JSON is of another schema; it comes from another model",
      ),
    name: z.string().min(1).optional().describe("with other-model: the model that is named; another-model by default"),
  })
  .refine(({ what, name }) => name === undefined || what === "other-model", {
    error: "name goes with what: other-model only",
  });

type Options = z.infer<typeof options>;

/** Changes what a response says, and leaves all else of it as it is. */
export const content: Fault<Options> = {
  kind: "content",
  summary:
    "Changes what a response says: a refusal, a filtered, empty or shortened text, JSON of another schema, another model.",
  options,
  withoutEffect({ what }, { dialect }) {
    if (dialect === undefined) return undefined;
    const { filtered, model = [] } = dialect.members ?? {};
    if (what === "filtered" && filtered === undefined) return `${dialect.name} has no content filter`;
    return what === "other-model" && model.length === 0 ? `responses of ${dialect.name} name no model` : undefined;
  },
  bend(options, next, context) {
    const { members } = context.dialect;
    return members === undefined ? next : rewriting(next, context, changeOf(options, members));
  },
};

function changeOf({ what, name = "another-model" }: Options, members: Members): Change {
  switch (what) {
    case "refusal":
      return declined(members);
    case "filtered":
      return members.filtered === undefined ? () => undefined : shortened(members, members.filtered);
    case "length":
      return shortened(members, members.length);
    case "empty":
      return retold(members, saying(""));
    case "wrong-schema":
      return ifJson(retold(members, saying(`{"unexpected":true}`)), members);
    case "other-model":
      return (json) => {
        for (const { value } of json.find(members.model)) json.replace(value, JSON.stringify(name));
      };
    default:
      return what satisfies never;
  }
}

function retold({ text, place }: Members, retelling: Retelling): Change {
  const retell = createRetelling(text, place, retelling);
  return (json, isEvent) => {
    for (const { found, text } of retell(json, isEvent)) json.replace(found.value, JSON.stringify(text));
  };
}

function mark(json: JsonEdit, marks: Marks): void {
  for (const { at, set } of marks)
    for (const { value } of json.find([at])) for (const [name, to] of Object.entries(set)) json.set(value, name, to);
}

function declined({ text, place, refusal: { beside, marks } }: Members): Change {
  const retell = createRetelling(text, place, saying(refusalText));
  return (json, isEvent) => {
    for (const { found, text, isLater } of retell(json, isEvent)) {
      const isBeside = found.name === beside?.text && !isLater;
      if (isBeside) json.set(found.parent, beside.member, text);
      json.replace(found.value, isBeside ? "null" : JSON.stringify(text));
    }
    mark(json, marks);
  };
}

/** What was said first is all there is: the first piece of a stream, or half of a text that comes at once. */
function shortened(members: Members, marks: Marks): Change {
  let kept: string | undefined;
  const shorten = retold(members, {
    whole: (text) => kept ?? text.slice(0, Math.floor(text.length / 2)),
    first: (piece) => (kept ??= piece),
    later: () => "",
  });
  return (json, isEvent) => {
    shorten(json, isEvent);
    mark(json, marks);
  };
}

/** Only where what is said begins like JSON. */
function ifJson(change: Change, { text }: Members): Change {
  let isJson: boolean | undefined;
  return (json, isEvent) => {
    const said = json.find(isEvent ? [...text.pieces, ...text.whole] : text.whole);
    const first = said.map(({ value }) => json.stringOf(value) ?? "").find((each) => each.trim() !== "");
    isJson ??= first === undefined ? undefined : /^\s*[[{]/.test(first);
    if (isJson === true) change(json, isEvent);
  };
}

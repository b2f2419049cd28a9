import { z } from "zod";
import type { Members } from "../dialects/shared/members.ts";
import type { JsonEdit } from "./engine/json-edit.ts";
import { createRetelling, saying, type Retelling } from "./engine/retell.ts";
import { rewriting, type Change } from "./engine/rewrite.ts";
import type { Fault } from "./engine/types.ts";

const options = z
  .strictObject({
    what: z
      .enum(["unknown-name", "invalid-json", "wrong-schema", "duplicate-ids"])
      .describe(
        "another tool is called; the arguments are no JSON; they are JSON of another schema; all calls have the id of the first",
      ),
    name: z.string().min(1).optional().describe("with unknown-name: the tool that is called; no_such_tool by default"),
  })
  .refine(({ what, name }) => name === undefined || what === "unknown-name", {
    error: "name goes with what: unknown-name only",
  });

type Options = z.infer<typeof options>;

/** Makes the tool calls of a response wrong; a response without any stays as it is. */
export const toolCall: Fault<Options> = {
  kind: "tool-call",
  summary: "Makes the tool calls of a response wrong: their name, their arguments or their ids.",
  options,
  bend(options, next, context) {
    const { members } = context.dialect;
    return members === undefined ? next : rewriting(next, context, changeOf(options, members));
  },
};

function changeOf({ what, name = "no_such_tool" }: Options, members: Members): Change {
  switch (what) {
    case "unknown-name":
      return (json) => {
        for (const { value } of json.find(members.toolNames)) json.replace(value, JSON.stringify(name));
      };
    case "duplicate-ids":
      return sameIds(members);
    case "invalid-json":
      return retold(members, twiceOpened);
    case "wrong-schema":
      return retold(members, saying(`{"unexpected":true}`));
    default:
      return what satisfies never;
  }
}

/** One brace too many, as some models write. */
const twiceOpened: Retelling = { whole: (text) => `{${text}`, first: (text) => `{${text}`, later: (text) => text };

function retold({ toolArguments, place }: Members, retelling: Retelling): Change {
  const retell = createRetelling(toolArguments, place, retelling);
  return (json, isEvent) => {
    for (const { found, text } of retell(json, isEvent)) {
      const isObject = found.value.kind === "object" && retelling !== twiceOpened;
      json.replace(found.value, isObject ? text : JSON.stringify(text));
    }
  };
}

function sameIds({ toolIds }: Members): Change {
  let first: string | undefined;
  return (json: JsonEdit) => {
    for (const { value } of json.find(toolIds)) {
      first ??= json.jsonOf(value);
      json.replace(value, first);
    }
  };
}

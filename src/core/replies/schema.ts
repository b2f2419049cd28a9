import { z } from "zod";

const call = z.strictObject({
  name: z.string().min(1).describe("Name of the tool"),
  arguments: z
    .union([z.record(z.string(), z.unknown()), z.string()], { error: "must be an object or a string" })
    .optional()
    .describe("A JSON object, `{}` by default, or a string that is sent as it stands, for a tool that takes text"),
  id: z
    .string()
    .regex(/^[\w.:-]{1,128}$/, "must be 1 to 128 of A-Z a-z 0-9 _ . : -")
    .optional()
    .describe("Id of the call, where the API has one; one is made up by default"),
});

const members = {
  text: z.string().optional().describe("What the model says; `${name}` is a named group of what the rule matched"),
  json: z.unknown().optional().describe("JSON that the model says, as text"),
  toolCalls: z.array(call).min(1).optional().describe("Tools that the model calls, after the text if there is one"),
  refusal: z
    .string()
    .min(1)
    .optional()
    .describe("The model declines with these words, in the form that its API has for that"),
  reasoning: z.string().min(1).optional().describe("The model's reasoning, before all else"),
};

/** What is said is one of these. */
const said = ["text", "json", "file", "refusal"] as const;

type Given = { readonly [member: string]: unknown };

/** A reply must say something, in one way. */
function checkReply({ value, issues }: z.core.ParsePayload<Given>): void {
  const [first, second] = said.filter((name) => value[name] !== undefined);
  const push = (name: string, message: string): void =>
    void issues.push({ code: "custom", message, input: value, path: [name] });
  if (first !== undefined && second !== undefined) push(second, `cannot be combined with ${first}`);
  if (first === "refusal" && value["toolCalls"] !== undefined) push("toolCalls", "cannot be combined with refusal");
  if (first === undefined && value["toolCalls"] === undefined) {
    const message = "must have text, json, file, toolCalls or refusal";
    issues.push({ code: "custom", message, input: value });
  }
}

/** A reply that stands by itself. */
export const replySchema = z.strictObject(members).check(checkReply);

/** A reply in a configuration, which may name a file. */
const configReply = z
  .strictObject({
    ...members,
    file: z
      .string()
      .min(1)
      .optional()
      .describe("File with what the model says, UTF-8, relative to this file; read again when it changes"),
  })
  .check(checkReply);

/** A reply as configured. */
export type ReplyConfig = z.output<typeof configReply>;

/** Where replies come from that stand in files of other programs. */
export const fixturesSchema = z
  .strictObject({
    aimock: z
      .string()
      .min(1)
      .optional()
      .describe(
        "File with fixtures of aimock, or a folder of such files, relative to this file; read again when it changes",
      ),
  })
  .optional()
  .describe("Replies for simulated calls whose rule has none; the first fixture that matches says what comes back");

/** The keys by which a rule says what comes back. */
export const replyKeys = {
  reply: configReply.optional().describe("What the simulated model says; default: a text of the profile's length"),
  replies: z
    .array(configReply)
    .min(1)
    .optional()
    .describe("Instead of `reply`: one for each attempt of a request, in turn; the last one for all that follow"),
};

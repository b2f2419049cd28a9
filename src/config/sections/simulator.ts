import { z } from "zod";

const fidelity = z.enum(["strict", "lenient"]);
const format = z.enum(["auto", "text"]);
const head = z.enum(["at-once", "first-token"]);

const ofRules = "default: that of `simulator`";

/** What a rule may say of the simulator. */
export const simulatorKeys = {
  fidelity: fidelity.optional().describe(`As \`simulator.fidelity\`, for these calls; ${ofRules}`),
  format: format.optional().describe(`As \`simulator.format\`, for these calls; ${ofRules}`),
  head: head.optional().describe(`As \`simulator.head\`, for these calls; ${ofRules}`),
  failures: z
    .boolean()
    .optional()
    .describe(
      "With `serve: simulate`: calls fail as often, and in the ways, that `failures` of their profile says; default: false",
    ),
};

/** What holds for all calls. */
export const simulatorSchema = z.strictObject({
  fidelity: fidelity
    .default("strict")
    .describe(
      "Whether requests are refused that the provider refuses although its document allows them, such as a prompt longer than the context window (`strict`), or simulated all the same (`lenient`)",
    ),
  format: format
    .default("auto")
    .describe(
      "Whether JSON is given where only the prompt asks for it, by a JSON Schema or an example (`auto`), or prose (`text`)",
    ),
  head: head
    .optional()
    .describe(
      "Whether the head of a stream leaves at once, or with the first token; default: that of the profile, else as the provider does",
    ),
});

import { z } from "zod";

/** Among the known models it stands for all others. */
export const anyModel = "*";

const modelName = z.string().min(1);
const model = z.strictObject({
  name: modelName.describe('Name of the model, or `"*"` for all others'),
  contextTokens: z
    .int()
    .min(1)
    .optional()
    .describe(
      "Its context window, in tokens; a longer prompt is refused. Default: that of the model, where it is known",
    ),
});

/** The models that there are, each by its name or with more that is known of it. */
export const modelsSchema = z.array(
  z.union([modelName, model], { error: "must be the name of a model, or an object with a name" }),
);

/** The name of a known model. */
export function nameOfModel(known: z.output<typeof modelsSchema>[number]): string {
  return typeof known === "string" ? known : known.name;
}

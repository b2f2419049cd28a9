import { StuntdoubleError } from "../core/errors.ts";
import type { AdminClient } from "./admin-client.ts";
import { isOver } from "./experiment-text.ts";

/** Stands for the id of the experiment that was started last. */
const latestWord = "latest";

/**
 * The id of the experiment that a command is about: one that is given, of `latest` the one that was started last, and without any the
 * only one that runs.
 *
 * @param ended where none runs and none is named, the one that was started last will do
 * @throws CONFIG_INVALID where there is none, or several run and none is named
 */
export async function experimentNamed(
  word: string | undefined,
  client: AdminClient,
  { ended }: { readonly ended: boolean },
): Promise<string> {
  if (word !== undefined && word !== latestWord) return word;
  const { experiments } = await client.experiments();
  const running = experiments.filter((run) => !isOver(run));
  const [only, ...others] = word === undefined && (running.length > 0 || !ended) ? running : experiments.slice(0, 1);
  if (only === undefined)
    throw new StuntdoubleError("CONFIG_INVALID", ended ? "no experiment was started." : "no experiment runs.");
  if (others.length > 0) {
    const ids = running.map(({ id, name }) => `${id} (${name})`).join(", ");
    throw new StuntdoubleError("CONFIG_INVALID", `${running.length} experiments run; name one of them: ${ids}.`);
  }
  return only.id;
}

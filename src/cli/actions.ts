import { StuntdoubleError } from "../core/errors.ts";
import { nearestOf } from "../core/issues.ts";

/**
 * The action of a command that has several, by its name.
 *
 * @throws CONFIG_INVALID naming those that there are, and the nearest
 */
export function actionNamed<Action>(actions: Readonly<Record<string, Action>>, name: string): Action {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) throw new StuntdoubleError("CONFIG_INVALID", unknownAction(name, Object.keys(actions)));
  return action;
}

function unknownAction(name: string, names: readonly string[]): string {
  if (name === "") return `expected one of: ${names.join(", ")}.`;
  const nearest = nearestOf(name, names);
  return `unknown action "${name}".${nearest === undefined ? "" : ` Did you mean "${nearest}"?`} Actions: ${names.join(", ")}.`;
}

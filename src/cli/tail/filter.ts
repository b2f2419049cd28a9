import type { Call } from "../../admin/dashboard/state.ts";
import { StuntdoubleError } from "../../core/errors.ts";

/** What calls must have to be shown: the values of the flags, as they were given. */
export type CallFilter = { readonly [Name in FilterName]?: string };
export type FilterName = "rule" | "model" | "status" | "key" | "ending" | "fault" | "mode" | "upstream";

const modes: readonly string[] = ["real", "simulated", "replayed", "fault", "own"] satisfies Call["mode"][];
const endings: readonly string[] = ["finish", "cut", "reset", "stall", "client-gone"] satisfies Call["ending"][];

const tests: Readonly<Record<FilterName, (call: Call, wanted: string) => boolean>> = {
  rule: ({ rule }, wanted) => rule === wanted,
  model: ({ model }, wanted) => model === wanted,
  status: ({ status }, wanted) => (wanted.endsWith("xx") ? `${String(status)[0]}xx` : String(status)) === wanted,
  key: ({ keyName }, wanted) => keyName === wanted,
  ending: ({ ending }, wanted) => ending === wanted,
  fault: ({ faults }, wanted) => faults.includes(wanted),
  mode: ({ mode }, wanted) => mode === wanted,
  upstream: ({ upstream }, wanted) => upstream === wanted,
};

const names = Object.keys(tests).filter((name): name is FilterName => Object.hasOwn(tests, name));

/** What the help of a command says of them, without the end of its last line. */
export const filterHelp = `  --rule       only calls that this rule decided
  --model      only calls of this model
  --status     only calls with this status, such as 503, or 0 where none was sent; or of a class, such as 5xx
  --mode       only calls that got this: real, simulated, replayed, fault or own
  --fault      only calls on which a fault of this kind took effect
  --ending     only calls that ended so: finish, cut, reset, stall or client-gone
  --key        only calls with the API key of this name`;

/** The flags of a filter, for `parseFlags`. */
export const filterFlags = {
  rule: "string",
  model: "string",
  status: "string",
  key: "string",
  ending: "string",
  fault: "string",
  mode: "string",
  upstream: "string",
} as const satisfies Readonly<Record<FilterName, "string">>;

/** @throws CONFIG_INVALID for a value that no call has */
export function checkFilter({ status, mode, ending }: CallFilter): void {
  if (status !== undefined && !/^(?:0|[1-5](?:xx|\d\d))$/.test(status))
    refuse(`--status must be a status such as 503, 0 where none was sent, or a class such as 5xx, not "${status}".`);
  if (mode !== undefined && !modes.includes(mode)) refuse(`--mode must be one of ${modes.join(", ")}, not "${mode}".`);
  if (ending !== undefined && !endings.includes(ending))
    refuse(`--ending must be one of ${endings.join(", ")}, not "${ending}".`);
}

function refuse(message: string): never {
  throw new StuntdoubleError("CONFIG_INVALID", message);
}

/** Whether a call has all that is asked for. */
export function isWanted(call: Call, filter: CallFilter): boolean {
  return names.every((name) => {
    const wanted = filter[name];
    return wanted === undefined || tests[name](call, wanted);
  });
}

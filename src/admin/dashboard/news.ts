import { jsonText } from "../../core/json.ts";
import type { Call, LivePart, LiveState } from "./state.ts";

/** What has changed of a state since it was last told. */
export type News = {
  /** Takes note of what a state is now. */
  take(state: LiveState, parts: ReadonlySet<LivePart>): void;
  /** The JSON of a state, with these parts of it. */
  whole(state: LiveState, parts: readonly LivePart[]): string;
  /** The JSON of what the last `take` found new in these parts. */
  delta(parts: readonly LivePart[]): string;
};

/** Makes what finds news. Each part is written as JSON once, however many are told of it. */
export function createNews(): News {
  const texts = new Map<LivePart, string>();
  let fresh: ReadonlyMap<LivePart, string> = new Map();
  let toldMs = 0;
  let toldCall: Call | undefined = undefined;
  /** Of lists that grow, only what is new is told. */
  const grown = (part: LivePart, { traffic, calls }: LiveState): string | undefined => {
    if (part === "traffic") return jsonText(traffic.filter(({ atMs }) => atMs > toldMs));
    if (part !== "calls") return undefined;
    const known = toldCall === undefined ? -1 : calls.indexOf(toldCall);
    return jsonText(known < 0 ? calls : calls.slice(0, known));
  };
  return {
    take(state, parts) {
      const found = new Map<LivePart, string>();
      for (const part of parts) {
        const list = grown(part, state);
        const text = list ?? jsonText(state[part]);
        if (list === undefined && texts.get(part) === text) continue;
        found.set(part, text);
        if (list === undefined) texts.set(part, text);
      }
      fresh = found;
      toldMs = state.traffic.at(-1)?.atMs ?? 0;
      if (parts.has("calls")) toldCall = state.calls[0];
    },
    whole: (state, parts) => objectOf(parts, (part) => texts.get(part) ?? jsonText(state[part])),
    delta: (parts) => objectOf(parts, (part) => fresh.get(part)),
  };
}

function objectOf(parts: readonly LivePart[], textOf: (part: LivePart) => string | undefined): string {
  const members = parts.flatMap((part) => {
    const text = textOf(part);
    return text === undefined ? [] : [`"${part}":${text}`];
  });
  return `{${members.join()}}`;
}

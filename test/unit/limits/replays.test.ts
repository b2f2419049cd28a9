import { describe, expect, test } from "vitest";
import type { Recording } from "../../../src/core/recordings/types.ts";
import type { ReplaySettings } from "../../../src/core/source.ts";
import { createReplays, type Sought } from "../../../src/limits/replays.ts";

function recordingOf(file: string, request: Partial<Recording["request"]> = {}): Recording {
  return {
    file,
    time: 0,
    id: file,
    request: {
      method: "POST",
      target: "/v1/chat/completions",
      dialect: "openai",
      operation: "chat",
      stream: true,
      ...request,
    },
    status: 200,
    headers: [],
    headAtMs: 0,
    pieces: [],
    ending: "finish",
    endAtMs: 0,
  };
}

const settings = (match: ReplaySettings["match"]): ReplaySettings => ({
  dir: "d",
  match,
  timing: "verbatim",
  speed: 1,
  ids: "fresh",
  profile: undefined,
  otherwise: undefined,
});
const sought = (more: Partial<Sought> = {}): Sought => ({
  dialect: "openai",
  operation: "chat",
  stream: true,
  bodyHash: () => "body",
  semanticHash: () => "meaning",
  ...more,
});
const replaysOf = (recordings: readonly Recording[], seed = 1) => createReplays([{ dir: "d", recordings }], seed);

describe("the recordings of a folder", () => {
  test("are found by the whole body, by what it means, or by the operation alone", () => {
    const replays = replaysOf([recordingOf("a", { bodyHash: "body", semanticHash: "meaning" })]);
    const other = { bodyHash: () => "other" };
    expect(replays?.next(settings("exact"), sought())).toBe("a");
    expect(replays?.next(settings("exact"), sought(other))).toBeUndefined();
    expect(replays?.next(settings("semantic-fields"), sought(other))).toBe("a");
    expect(replays?.next(settings("any"), sought({ bodyHash: () => undefined, semanticHash: () => undefined }))).toBe(
      "a",
    );
  });

  test("of streams are for streams only", () => {
    expect(replaysOf([recordingOf("a")])?.next(settings("any"), sought({ stream: false }))).toBeUndefined();
  });

  test("that fit the same request come in turn, from one that the seed tells", () => {
    const three = ["a", "b", "c"].map((file) => recordingOf(file));
    const turns = (seed: number): unknown[] => {
      const replays = replaysOf(three, seed);
      return Array.from({ length: 6 }, () => replays?.next(settings("any"), sought()));
    };
    const first = turns(1);
    expect(new Set(first.slice(0, 3)).size).toBe(3);
    expect(first.slice(3)).toEqual(first.slice(0, 3));
    expect(turns(1)).toEqual(first);
    expect(new Set([1, 2, 3, 4, 5, 6, 7, 8].map((seed) => turns(seed)[0])).size).toBeGreaterThan(1);
  });

  test("are looked for only where there are any", () => {
    expect(createReplays([], 1)).toBeUndefined();
  });
});

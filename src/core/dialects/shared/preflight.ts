import { preflightHead } from "../../cors.ts";
import type { Operation } from "../types.ts";
import { factsOfModel, textless } from "./textless.ts";

/**
 * What a browser asks before a page may send its request, which carries no key; all the providers let any page.
 *
 * @see obsidian-llm-wiki#17 for the headers of OpenAI's client, NextChat#5429 for Anthropic's
 */
export const preflight: Operation = {
  name: "preflight",
  method: "OPTIONS",
  route: "*",
  isOpen: true,
  open: ({ headers }) => ({
    facts: factsOfModel(undefined),
    ask: () =>
      textless({
        model: "",
        promptTokens: 0,
        write: () => ({
          head: preflightHead(headers),
          headAtMs: 0,
          frames: [{ atMs: 0, data: "", tokens: 0, final: false }],
          ending: "finish",
          endAtMs: 0,
        }),
      }),
  }),
};

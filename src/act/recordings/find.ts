import type { Decision } from "../../core/types.ts";
import type { Opened } from "../../core/dialects/types.ts";
import type { Replays } from "../../limits/replays.ts";
import type { Request } from "../types.ts";
import { bodyHashOf, semanticHashOf } from "./facts.ts";

/** The decision with the recording that is played, or with who serves where none fits. */
export function withRecording(
  decision: Decision,
  request: Request,
  { opened, replays }: { readonly opened: Opened | undefined; readonly replays: Replays | undefined },
): Decision {
  const { serve } = decision;
  if (serve.from !== "replay") return decision;
  const { dialect, operation } = request;
  const recording =
    opened === undefined
      ? undefined
      : replays?.next(serve.replay, {
          dialect: dialect.name,
          operation: operation?.name,
          stream: opened.facts.stream,
          bodyHash: () => bodyHashOf(request),
          semanticHash: () => semanticHashOf(request, opened.facts),
        });
  if (recording !== undefined) return { ...decision, serve: { ...serve, recording } };
  return serve.replay.otherwise === undefined ? decision : { ...decision, serve: serve.replay.otherwise };
}

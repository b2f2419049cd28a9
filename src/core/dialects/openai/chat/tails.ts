import { endOf } from "../text.ts";
import type { Script } from "../../types.ts";

/** How chunks of a stream end, behind their choice. */
export type Tails = {
  /** The first one. */
  readonly first: string;
  readonly usual: string;
  /** The last one of a choice. */
  finish(): string;
  /** JSON of the chunk with the usage; undefined where none has a chunk of its own. */
  readonly usage: (() => string) | undefined;
};

type Tailed = {
  readonly script: Script;
  /** The beginning of every chunk. */
  readonly head: string;
  readonly includeUsage: boolean;
  readonly choices: number;
};

/** @param usageJson JSON of the usage, made at the end */
export function tailsOf({ script, head, includeUsage, choices }: Tailed, usageJson: () => string): Tails {
  const { id, relative } = script;
  const members = relative?.chat;
  const inFinish = members?.usageInFinish === true && choices === 1;
  const usual = includeUsage && !inFinish ? `],"usage":null}` : "]}";
  const plain: Tails = {
    first: usual,
    usual,
    finish: () => usual,
    usage: includeUsage ? () => `${head}],"usage":${usageJson()}}` : undefined,
  };
  if (members === undefined) return plain;
  const more = (tail: string, text: string | undefined): string => `${tail.slice(0, -1)}${text ?? ""}}`;
  return {
    ...plain,
    first: more(usual, members.begin?.(id)),
    finish() {
      const usage = usageJson();
      const told = inFinish && includeUsage ? `],"usage":${usage}}` : usual;
      return more(told, members.finish?.(id, usage));
    },
    ...(inFinish && { usage: undefined }),
  };
}

/** The end of a whole response. @param usage JSON */
export function wholeEnd(script: Script, usage: string): string {
  const begin = script.relative?.chat?.begin?.(script.id);
  return begin === undefined ? endOf(script, usage) : `${endOf(script, usage).slice(0, -1)}${begin}}`;
}

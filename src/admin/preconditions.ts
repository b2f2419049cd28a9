import { hash } from "node:crypto";
import { ProblemError } from "./problem.ts";

const digits = 16;

/**
 * The ETag of a response: the first half says which version of the thing it is, the second which text was sent.
 *
 * A text can change where the thing does not, as with counters: a copy of it is old then (If-None-Match), and the thing is still
 * the one that somebody wants to change (If-Match).
 */
export function entityTag(version: string, text: string): string {
  return `"${digest(version)}.${digest(text)}"`;
}

/** Whether the caller has this text already. @param ifNoneMatch the header */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.trim() === "*" || tagsIn(ifNoneMatch).some((each) => each === tag);
}

/**
 * Holds a change back that is meant for another version.
 *
 * @param ifMatch the header; undefined asks for nothing
 * @param version of what is changed
 * @throws ProblemError 412
 */
export function requireVersion(ifMatch: string | undefined, version: string): void {
  if (ifMatch === undefined || ifMatch.trim() === "*") return;
  const wanted = digest(version);
  if (tagsIn(ifMatch).some((tag) => tag.slice(1).split(".")[0] === wanted)) return;
  throw new ProblemError(412, "It has changed since; GET it again, and send its ETag as If-Match.");
}

/** Entity tags of a header, without what says that they are weak. */
function tagsIn(header: string): string[] {
  return header.match(/"[^"]*"/g) ?? [];
}

function digest(text: string): string {
  return hash("sha256", text, "base64url").slice(0, digits);
}

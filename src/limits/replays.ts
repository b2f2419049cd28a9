import { hash32 } from "../core/rng.ts";
import type { Recording, RecordingFolder } from "../core/recordings/types.ts";
import type { ReplaySettings } from "../core/source.ts";

/** What recordings are compared with. */
export type Sought = {
  readonly dialect: string;
  readonly operation: string | undefined;
  readonly stream: boolean;
  /** SHA-256 of the body, and of what it means, in hex; asked for only where the rule compares them. */
  bodyHash(): string | undefined;
  semanticHash(): string | undefined;
};

/** The recordings that an event loop plays. */
export type Replays = {
  /**
   * The file of the next recording that fits; several of them come in turn, from one that the seed tells.
   *
   * @returns undefined where none fits
   */
  next(settings: ReplaySettings, sought: Sought): string | undefined;
  /** The recording of a file. */
  named(dir: string, file: string): Recording | undefined;
};

type Index = { readonly byKey: Map<string, Recording[]>; readonly byFile: Map<string, Recording> };

/** Makes the look-up of recordings; undefined where no rule plays any. */
export function createReplays(folders: readonly RecordingFolder[], seed: number): Replays | undefined {
  if (folders.length === 0) return undefined;
  const all = new Map(folders.map(({ dir, recordings }) => [dir, indexOf(recordings)]));
  const turns = new Map<string, number>();
  return {
    next(settings, sought) {
      const key = soughtKey(settings, sought);
      const found = key === undefined ? [] : (all.get(settings.dir)?.byKey.get(key) ?? []);
      if (key === undefined || found.length === 0) return undefined;
      const place = `${settings.dir} ${key}`;
      const turn = turns.get(place) ?? 0;
      turns.set(place, turn + 1);
      return found[(hash32(seed, key) + turn) % found.length]?.file;
    },
    named: (dir, file) => all.get(dir)?.byFile.get(file),
  };
}

function indexOf(recordings: readonly Recording[]): Index {
  const index: Index = { byKey: new Map(), byFile: new Map() };
  for (const recording of recordings) {
    const { request, file } = recording;
    const form = formOf(request);
    index.byFile.set(file, recording);
    add(index, `any ${form}`, recording);
    if (request.bodyHash !== undefined) add(index, `exact ${form} ${request.bodyHash}`, recording);
    if (request.semanticHash !== undefined) add(index, `semantic-fields ${form} ${request.semanticHash}`, recording);
  }
  return index;
}

function add({ byKey }: Index, key: string, recording: Recording): void {
  const known = byKey.get(key);
  if (known === undefined) byKey.set(key, [recording]);
  else known.push(recording);
}

type Form = { readonly dialect: string; readonly operation?: string | undefined; readonly stream: boolean };

/** What every match has in common: the client must be able to read the response. */
function formOf({ dialect, operation, stream }: Form): string {
  return `${dialect} ${operation ?? ""} ${stream}`;
}

function soughtKey({ match }: ReplaySettings, sought: Sought): string | undefined {
  const form = `${match} ${formOf(sought)}`;
  if (match === "any") return form;
  const digest = match === "exact" ? sought.bodyHash() : sought.semanticHash();
  return digest === undefined ? undefined : `${form} ${digest}`;
}

/** Whose timing the simulator takes: that of a profile by its name, or what was learned of an upstream. */
export type ProfileChoice = string | { readonly learn: string };

/** Where a response comes from. */
export type Source =
  | {
      readonly from: "upstream";
      readonly upstream: string;
      /** What the simulator takes where it stands in; absent for that of the model. */
      readonly profile?: ProfileChoice | undefined;
    }
  | { readonly from: "simulator"; readonly profile: ProfileChoice | undefined }
  | { readonly from: "replay"; readonly replay: ReplaySettings; readonly recording?: string | undefined };

/** Which profile the simulator takes where it serves, or stands in; undefined for that of the model. */
export function profileOf(source: Source | undefined): ProfileChoice | undefined {
  return source === undefined || source.from === "replay" ? undefined : source.profile;
}

/** How recordings are played. */
export type ReplaySettings = {
  /** The folder they are read from, as it is configured. */
  readonly dir: string;
  /** What a recording must have in common with a call: its whole body, what it means, or only the operation and the form. */
  readonly match: "exact" | "semantic-fields" | "any";
  readonly timing: "verbatim" | "scaled" | "profile" | "instant";
  /** With `scaled`, how many times faster than recorded. */
  readonly speed: number;
  /** Whether ids and times of creation are those of the recording. */
  readonly ids: "fresh" | "verbatim";
  /** With `profile`, which one; undefined for that of the model. */
  readonly profile: ProfileChoice | undefined;
  /** Who serves where no recording fits; undefined for nobody. */
  readonly otherwise: Exclude<Source, { readonly from: "replay" }> | undefined;
};

/** Where a response comes from. */
export type Source =
  | { readonly from: "upstream"; readonly upstream: string }
  | { readonly from: "simulator"; readonly profile: string | undefined }
  | { readonly from: "replay"; readonly replay: ReplaySettings; readonly recording?: string | undefined };

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
  /** With `profile`, the name of one; undefined for that of the model. */
  readonly profile: string | undefined;
  /** Who serves where no recording fits; undefined for nobody. */
  readonly otherwise: Exclude<Source, { readonly from: "replay" }> | undefined;
};

/** An error or a warning, as `stuntdouble check --json` tells it. */
export type ConfigFinding = {
  /** `<body>` for what was sent, else the file that it names. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly message: string;
  readonly allowed?: readonly string[] | undefined;
  readonly nearest?: string | undefined;
};

/** What became of a configuration that was sent. */
type Applied = { readonly findings: readonly ConfigFinding[] } & (
  | {
      readonly ok: true;
      readonly generation: number;
      readonly hash?: string | undefined;
      /** Paths whose changes take effect after a restart only. */
      readonly restart: readonly string[];
    }
  | { readonly ok: false }
);

/** Who asks, and the address of the client. */
type Who = { readonly by: string; readonly from: string };

/** A configuration that is sent instead of standing in a file. */
export type GivenConfiguration = {
  /**
   * Finds all that is wrong with it; nothing is changed.
   *
   * @throws ProblemError 403 where whoever reaches the admin API could ask
   */
  check(text: string): Promise<readonly ConfigFinding[]>;
  /**
   * Puts it in force in every event loop, if it has no errors.
   *
   * @param requireVersion throws where the one in force, by `versionOf`, is not the one that shall be replaced
   * @throws ProblemError 409 where the configuration comes from a file or a store, 403 as above
   */
  apply(text: string, who: Who, requireVersion: (version: string) => void): Promise<Applied>;
};

/** The version of a configuration. */
export function versionOf({
  generation,
  hash = "",
}: {
  readonly generation: number;
  readonly hash?: string | undefined;
}): string {
  return `configuration ${generation} ${hash}`;
}

/** A terminal on which a command draws, and whose keys it reads. */
export type Terminal = {
  size(): { readonly columns: number; readonly rows: number };
  /** Whether somebody can press keys: standard input is a terminal as well. */
  readonly hasKeys: boolean;
  /**
   * Hands over each key as it is pressed; it is not shown.
   *
   * @returns gives the keys back
   */
  onKey(pressed: (key: string) => void): () => void;
  /** @returns stops it */
  onResize(task: () => void): () => void;
  /** Asks for one line; undefined at the end of the input. */
  ask(question: string): Promise<string | undefined>;
};

/** A configuration as a store had it at one moment. */
export type StoreTree = {
  /** What the store calls this state, such as Consul's index; undefined where the next question must not wait for a change. */
  readonly version: string | undefined;
  /** The value of each key, by its name below the folder of the configuration; empty where there is no such key. */
  readonly files: ReadonlyMap<string, Uint8Array>;
};

/** A store that keeps a configuration under keys. */
export type Store = {
  /**
   * Reads the configuration.
   *
   * @param after the version that is known: the store answers when it has another one, or after a while
   * @throws StoreError when the store cannot be reached, refuses, or says what cannot be read
   */
  read(after: string | undefined, signal: AbortSignal): Promise<StoreTree>;
  /** Ends all connections. */
  close(): Promise<void>;
};

/** Why a store gave nothing. The message never holds a token. */
export class StoreError extends Error {
  /** Whether the same question may succeed a moment later. */
  readonly isPassing: boolean;

  constructor(message: string, isPassing = true) {
    super(message);
    this.name = "StoreError";
    this.isPassing = isPassing;
  }
}

/** Max bytes of all values of a configuration together. */
export const maxTreeBytes = 8 * 1024 * 1024;

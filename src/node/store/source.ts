import { hash } from "node:crypto";
import path from "node:path";
import type { ConfigSource, Reload } from "../../admin/resource.ts";
import type { StoreAddress, StoreKind } from "../../config/store/address.ts";
import { backoffMs, followStore } from "../../config/store/follow.ts";
import { loadFromStore } from "../../config/store/load.ts";
import { StoreError, type Store, type StoreTree } from "../../config/store/types.ts";
import type { Environment } from "../../config/values.ts";
import type { Log } from "../../emit/log.ts";
import type { Clock } from "../../limits/clock.ts";
import { reasonOf } from "../kept-file.ts";
import { loadResult, type LoadResult, type Overrides } from "../reload.ts";
import { keepCopy, readCopy, type KeptCopy } from "./kept-copy.ts";

/** What a configuration from a store is loaded with. */
export type StoreSourceOptions = {
  readonly address: StoreAddress;
  readonly store: Store;
  readonly env: Environment;
  readonly overrides: Overrides;
  /** Where relative names of what is written start. */
  readonly outputFolder: string;
  /** Where the last good copy is kept. */
  readonly copyFolder: string;
  readonly clock: Clock;
  wallClockMs(): number;
  random(): number;
};

/** The node that follows a store. */
export type Following = { readonly log: Log; reload(from: StoreKind): Promise<Reload> };

/** A failing store is asked again at the start for so long: where there is a copy, and where there is none. */
const patienceMs = { withCopy: 1000, withoutCopy: 10_000 };

/**
 * The configuration of a node that comes from a store: it loads it, keeps the last good copy, and follows its changes.
 *
 * A first load that fails falls back to the copy; a later one that fails leaves in force what is.
 */
export class StoreSource {
  /** The URL of the main file, as it may be shown. */
  readonly url: string;
  readonly #options: StoreSourceOptions;
  readonly #copyFile: string;
  readonly #end = new AbortController();
  /** What a change has brought and no load has taken yet. */
  #pending: StoreTree | undefined;
  #lastRead: StoreTree | undefined;
  /** What the last good load was made from, and what of it is in force. */
  #loaded: StoreTree | KeptCopy | undefined;
  #inForce: StoreTree | KeptCopy | undefined;
  #isReachable = false;
  #error: string | undefined;
  #lastLost: string | undefined;
  #log: Log | undefined;
  #following: Promise<void> | undefined;
  #keeping: Promise<void> = Promise.resolve();

  constructor(options: StoreSourceOptions) {
    const { address, copyFolder } = options;
    this.#options = options;
    this.url = `${address.folder}/${address.main}`;
    this.#copyFile = path.join(copyFolder, copyName(this.url, address));
  }

  /** Loads the configuration of that generation; the first may be the copy. */
  async load(generation: number): Promise<LoadResult> {
    const fresh = await this.#loadFresh(generation);
    this.#error = fresh.ok ? undefined : fresh.errors.join("; ");
    return fresh.ok || generation > 1 ? fresh : await this.#loadCopy(fresh.errors);
  }

  /** To be called when what was loaded last is in force. Never throws. */
  async nowInForce(): Promise<void> {
    this.#inForce = this.#loaded;
    this.#keeping = this.#keeping.then(() => this.#keep());
    await this.#keeping;
  }

  /** To be called when the node runs with what was loaded first: takes up each change from here on. */
  async follow({ log, reload }: Following): Promise<void> {
    this.#log = log;
    await this.nowInForce();
    this.#tellCopy(log);
    const { store, clock, random } = this.#options;
    const following = {
      store,
      clock,
      random,
      known: this.#lastRead,
      changed: async (tree: StoreTree) => {
        this.#pending = tree;
        const reloaded = await reload(this.#options.address.kind);
        if (!reloaded.ok) this.#error = reloaded.errors.join("; ");
      },
      reached: () => this.#reached(),
      lost: (error: unknown) => this.#lost(reasonOf(error)),
    };
    this.#following = followStore(following, this.#end.signal);
  }

  state(): ConfigSource {
    const version = this.#inForce?.version;
    return {
      from: this.#options.address.kind,
      at: this.url,
      ...(version !== undefined && { version }),
      reachable: this.#isReachable,
      copy: this.#inForce !== undefined && isCopy(this.#inForce),
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#following;
    await this.#options.store.close();
  }

  async #loadFresh(generation: number): Promise<LoadResult> {
    let tree: StoreTree;
    try {
      tree = this.#pending ?? (await (generation === 1 ? this.#firstRead() : this.#read()));
    } catch (error) {
      return { ok: false, errors: [`${this.url}: cannot be read: ${reasonOf(error)}`] };
    }
    this.#pending = undefined;
    return await this.#loadTree(tree, generation);
  }

  async #loadTree(tree: StoreTree | KeptCopy, generation: number): Promise<LoadResult> {
    const { address, env, overrides, outputFolder } = this.#options;
    const reading = { env, generation, extProc: overrides.extProc !== undefined, outputFolder };
    const loaded = await loadFromStore(tree.files, address, reading);
    if (loaded.ok) this.#loaded = tree;
    return loadResult(loaded, this.url, overrides);
  }

  /** The copy, where there is one and it can be used; else why not, after why it was needed. */
  async #loadCopy(errors: readonly string[]): Promise<LoadResult> {
    try {
      const copy = await readCopy(this.#copyFile, this.url);
      if (copy === undefined) return { ok: false, errors };
      const loaded = await this.#loadTree(copy, 1);
      return loaded.ok ? loaded : { ok: false, errors: [...errors, "The last good copy: ", ...loaded.errors] };
    } catch (error) {
      return { ok: false, errors: [...errors, `The last good copy: ${reasonOf(error)}`] };
    }
  }

  async #read(): Promise<StoreTree> {
    this.#lastRead = await this.#options.store.read(undefined, this.#end.signal);
    this.#isReachable = true;
    return this.#lastRead;
  }

  async #firstRead(): Promise<StoreTree> {
    const { clock, random } = this.#options;
    const hasCopy = (await readCopy(this.#copyFile, this.url).catch(() => undefined)) !== undefined;
    const endMs = clock.now() + (hasCopy ? patienceMs.withCopy : patienceMs.withoutCopy);
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#read();
      } catch (error) {
        const waitMs = backoffMs(failures, random());
        if (!(error instanceof StoreError && error.isPassing) || clock.now() + waitMs > endMs) throw error;
        await new Promise<void>((resolve) => void clock.wake(waitMs, resolve));
      }
    }
  }

  async #keep(): Promise<void> {
    if (this.#inForce === undefined || isCopy(this.#inForce)) return;
    const copy = { ...this.#inForce, url: this.url, savedAtMs: this.#options.wallClockMs() };
    try {
      await keepCopy(this.#copyFile, copy);
    } catch (error) {
      const details = { file: this.#copyFile, reason: reasonOf(error) };
      this.#log?.warn(details, "no copy of the configuration is kept; without the store this node cannot start again");
    }
  }

  #tellCopy(log: Log): void {
    if (this.#inForce === undefined || !isCopy(this.#inForce)) return;
    const { version, savedAtMs } = this.#inForce;
    const details = { source: this.url, version, savedAt: new Date(savedAtMs).toISOString(), reason: this.#error };
    log.warn(details, "the last good copy of the configuration is in force, because the store could not be used");
  }

  #reached(): void {
    if (!this.#isReachable) this.#log?.info({ source: this.url }, "the configuration store can be read again");
    this.#isReachable = true;
    this.#lastLost = undefined;
  }

  /** A store that stays away is told of once, and once more for each other reason. */
  #lost(reason: string): void {
    this.#isReachable = false;
    if (reason !== this.#lastLost)
      this.#log?.warn({ source: this.url, reason }, "the configuration store cannot be read; the configuration stays");
    this.#lastLost = reason;
  }
}

function isCopy(tree: StoreTree | KeptCopy): tree is KeptCopy {
  return "savedAtMs" in tree;
}

/** One file for each place of a configuration, whatever token reads it. */
function copyName(url: string, { kind, origin, datacenter = "" }: StoreAddress): string {
  return `${kind}-${hash("sha256", `${url} ${origin} ${datacenter}`).slice(0, 16)}.json`;
}

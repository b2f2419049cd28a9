import type { Frame } from "../../types.ts";
import type { FaultContext } from "./types.ts";

type Stage = { readonly held: (() => readonly Frame[])[]; isAbandoned: boolean };

/** What of a response its faults hold back, and whether one of them has thrown the rest of it away. */
export class Holding {
  /** The last fault first: what it holds came before what those before it hold. */
  readonly #stages: Stage[] = [];

  /**
   * What the context of one more fault says; to be called for the last fault first.
   *
   * @param letGo called when it wants nothing more of the source
   */
  stage(letGo: FaultContext["letGo"]): Required<Pick<FaultContext, "letGo" | "whenLetGo">> {
    const stage: Stage = { held: [], isAbandoned: false };
    this.#stages.push(stage);
    return {
      letGo() {
        stage.isAbandoned = true;
        letGo?.();
      },
      whenLetGo: (held) => void stage.held.push(held),
    };
  }

  /** Whether something of the source is missing behind what is held. */
  get isAbandoned(): boolean {
    return this.#stages.some((stage) => stage.isAbandoned);
  }

  /** In the order of the source, up to where a fault has thrown something away. */
  held(): readonly Frame[] {
    const until = this.#stages.findIndex((stage) => stage.isAbandoned);
    const whole = until === -1 ? this.#stages : this.#stages.slice(0, until);
    return whole.flatMap(({ held }) => held.flatMap((given) => given()));
  }
}

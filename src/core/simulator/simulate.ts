import type { Arrival, Service } from "./batching.ts";
import { LoadBlend } from "./load.ts";
import { countOf, cutAt, type Part } from "./parts.ts";
import { StuntdoubleError } from "../errors.ts";
import { drawTiming, pickOutputTokens, planTiming } from "./latency.ts";
import type { PreparedProfile } from "./profile.ts";
import { createRng, hash32 } from "../rng.ts";
import { replyParts } from "../replies/parts.ts";
import type { Reply } from "../replies/types.ts";
import { Prose } from "./text.ts";
import { splitTokens } from "./tokens.ts";
import type { Rng, SeededRng } from "../rng.ts";
import type { Overrides, Plan, Timeline } from "../types.ts";
import type { Ask } from "../dialects/types.ts";

/** One call to be simulated. The same `seed` and `ask` give the same lengths, times and text. */
export type Simulation = {
  readonly ask: Ask;
  readonly profile: PreparedProfile;
  readonly overrides: Overrides;
  /** What is said; undefined for a text of the profile's length. */
  readonly reply?: Reply | undefined;
  readonly seed: number;
  /** Name of the operation, for a profile that tells them apart. */
  readonly operation?: string | undefined;
  /** How many tokens of the prompt a cache has; 0 when absent. */
  readonly cachedTokens?: number | undefined;
  /** Calls in flight on this node, this one included. */
  readonly inFlight: number;
  /** When the model begins, in milliseconds from the start of the call. */
  readonly delayMs?: number;
  /** Takes it into the engine of its profile; absent where that has none. */
  enter?(arrival: Omit<Arrival, "nowMs">): Service;
  /** Max tokens of a response, all its choices together. */
  readonly maxOutputTokens: number;
  /** Is told how many bytes the response will take while it waits, before it is written, and may throw. */
  fits?(bytes: number): void;
};

/**
 * What a response takes while it waits, in bytes, about: a stream makes its frames as it plays, but for what is composed, and
 * notes when each token left; a response in one piece is there as a whole.
 */
const streamBytes = 6000;
const choiceBytes = 2000;
const streamedTokenBytes = 24;
const composedTokenBytes = 100;
const wholeTokenBytes = 16;

/**
 * The whole simulated response, described in advance.
 *
 * @param callId unique per call; ids inside the response derive from it
 * @param nowSeconds seconds since 1970, for the response's `created`
 * @throws RESPONSE_TOO_LARGE, or what `fits` throws, before any of it is written
 */
export function simulate(simulation: Simulation, callId: string, nowSeconds: number): Plan {
  const rng = createRng(simulation.seed);
  const drawn = draw(simulation, rng);
  const size = simulation.ask.sizeOf?.(drawn.tokens) ?? drawn.tokens;
  checkSize(simulation, size);
  simulation.fits?.(bytesOf(simulation, drawn, size));
  const timing = drawTiming({ ...timingOptions(simulation, drawn.tokens), service: serviceOf(simulation, size), rng });
  const parts = drawn.parts ?? [new Prose({ start: textRng(simulation).state, count: drawn.tokens })];
  const { finish } = drawn;
  const given = simulation.reply === undefined ? {} : { given: true as const };
  const { ask, cachedTokens } = simulation;
  return ask.write({ id: callId, createdSeconds: nowSeconds, timing, parts, finish, cachedTokens, rng, ...given });
}

/**
 * When the simulated response would leave, without making it: the mirror of a real call. One in one piece has no times of tokens.
 *
 * @throws RESPONSE_TOO_LARGE where one choice alone is
 */
export function simulateTiming(simulation: Simulation): Timeline & { readonly ttftMs: number } {
  const rng = createRng(simulation.seed);
  const drawn = draw(simulation, rng);
  checkSize(simulation, drawn.tokens);
  const { tokens } = drawn;
  const options = { ...timingOptions(simulation, tokens), service: serviceOf(simulation, tokens), rng };
  if (simulation.ask.stream) return { ...planTiming(options), tokens };
  const { ttftMs, totalMs } = drawTiming(options);
  return { ttftMs, totalMs, tokens, atMs: [] };
}

function bytesOf({ ask }: Simulation, { parts = [] }: Drawn, size: number): number {
  if (!ask.stream) return size * wholeTokenBytes;
  const composed = countOf(parts.filter((part) => !(part instanceof Prose)));
  const { choices = 1 } = ask;
  return streamBytes + choices * (choiceBytes + composed * composedTokenBytes) + size * streamedTokenBytes;
}

/** How long the response is; its parts only where they decide that. */
type Drawn = {
  readonly tokens: number;
  readonly parts: readonly Part[] | undefined;
  readonly finish: "stop" | "length";
};

function draw(simulation: Simulation, rng: Rng): Drawn {
  const { ask, profile, overrides, reply, maxOutputTokens, operation } = simulation;
  const { maxTokens = Infinity } = ask;
  if (overrides.refusal === true) return drawnOf(refusalTo(ask), maxTokens);
  if (maxTokens === 0) return { tokens: 0, parts: [], finish: "stop" };
  if (reply !== undefined) return drawnOf(replyParts(reply, ask), maxTokens);
  const wanted = overrides.outputTokens ?? Math.max(pickOutputTokens(profile, rng, operation), ask.minTokens ?? 0);
  if (ask.compose === undefined) {
    const tokens = Math.min(wanted, maxTokens);
    return { tokens, parts: undefined, finish: tokens >= maxTokens ? "length" : "stop" };
  }
  // One token more than may be is enough to tell that there are too many.
  const most = Math.min(maxTokens, maxOutputTokens) + 1;
  return drawnOf(ask.compose(wanted, textRng(simulation), most), maxTokens);
}

function checkSize({ maxOutputTokens }: Simulation, tokens: number): void {
  if (tokens <= maxOutputTokens) return;
  throw new StuntdoubleError(
    "RESPONSE_TOO_LARGE",
    `The simulated response would count at least ${Math.ceil(tokens)} tokens, with all choices, echoed prompts and logprobs; limits.maxOutputTokens of the configuration allows ${maxOutputTokens}.`,
  );
}

function drawnOf(whole: readonly Part[], maxTokens: number): Drawn {
  const parts = cutAt(whole, maxTokens);
  return { tokens: countOf(parts), parts, finish: parts === whole ? "stop" : "length" };
}

const declined = "I'm sorry, but I can't help with that.";
const declinedTokens = splitTokens(declined);

function refusalTo({ refuses }: Ask): readonly Part[] {
  if (refuses === true) return [{ kind: "refusal", tokens: declinedTokens, text: declined }];
  throw new StuntdoubleError("BODY_INVALID", "Control header: this kind of response has no form for a refusal.");
}

function timingOptions(simulation: Simulation, outputTokens: number) {
  const { ask, profile, inFlight, overrides, cachedTokens, delayMs = 0 } = simulation;
  return { profile, promptTokens: ask.promptTokens, cachedTokens, outputTokens, inFlight, overrides, delayMs };
}

/** How the engine serves it; undefined where there is none. */
function serviceOf({ ask, profile, cachedTokens = 0, enter }: Simulation, outputTokens: number): Service | undefined {
  const [first, ...others] = profile.batching?.steps ?? [];
  if (enter === undefined || first === undefined) return undefined;
  const stepMs = (sequences: number): number => new LoadBlend([first, ...others], sequences).mean;
  return enter({ promptTokens: ask.promptTokens, cachedTokens, outputTokens, stepMs });
}

/** What is said has randomness of its own, so that it can be made before or after the times are drawn. */
function textRng({ seed }: Simulation): SeededRng {
  return createRng(hash32(seed, "text"));
}

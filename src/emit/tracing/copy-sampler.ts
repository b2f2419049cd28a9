import { TraceFlags } from "@opentelemetry/api";
import { SamplingDecision, type Sampler } from "@opentelemetry/sdk-trace";

/** Samples the copy of a call where the call is sampled, to which it is linked; another decides of what is linked to nothing. */
export function copySampler(other: Sampler): Sampler {
  return {
    shouldSample(...asked) {
      const [call] = asked[5];
      if (call === undefined) return other.shouldSample(...asked);
      const isSampled = (call.context.traceFlags & TraceFlags.SAMPLED) !== 0;
      return { decision: isSampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
    },
    toString: () => `CopySampler{${other.toString()}}`,
  };
}

import { noneLabel, recorded, type RecordedName } from "../catalog.ts";
import {
  familiesText,
  histogramSamples,
  regroup,
  type Family,
  type FamilySample,
  type RecordedValues,
} from "./families.ts";

/** What the names of OpenTelemetry are derived from. */
export type GenAiSource = { recorded(name: RecordedName): readonly RecordedValues[] };

type Labels = Readonly<Record<string, string>>;

type HistogramName = "request_duration_seconds" | "time_to_first_token_seconds" | "time_per_output_token_seconds";

/** Who responded, as the conventions ask a model server to say. */
const provider = "stuntdouble";

/**
 * The metrics of a node under the names of OpenTelemetry's conventions for generative AI, as Prometheus spells them.
 *
 * @returns Prometheus text format 0.0.4
 * @see https://github.com/open-telemetry/semantic-conventions-genai
 */
export function genAiText(source: GenAiSource): string {
  const histogram = (name: string, help: string, from: HistogramName): Family => {
    const groups = regroup(source.recorded(from), labelled);
    return { name, type: "histogram", help, samples: histogramSamples(groups, recorded[from].bucketsMs) };
  };
  return familiesText([
    histogram("gen_ai_server_request_duration_seconds", "Time of a request.", "request_duration_seconds"),
    histogram("gen_ai_server_time_to_first_token_seconds", "Time to first token.", "time_to_first_token_seconds"),
    histogram(
      "gen_ai_server_time_per_output_token_seconds",
      "Time per output token after the first.",
      "time_per_output_token_seconds",
    ),
    {
      name: "gen_ai_client_token_usage",
      type: "histogram",
      help: "Input and output tokens of calls; only their sum and the number of calls.",
      samples: [
        ...usageSamples(source, "prompt_tokens_total", "input"),
        ...usageSamples(source, "output_tokens_total", "output"),
      ],
    },
  ]);
}

/** Tokens are counted in all, not by call: a histogram with the one bucket that holds all calls. */
function usageSamples(source: GenAiSource, from: RecordedName, type: string): FamilySample[] {
  const calls = new Map(
    regroup(source.recorded("requests_total"), labelled).map(({ labels, values }) => [keyOf(labels), values[0] ?? 0]),
  );
  return regroup(source.recorded(from), labelled).flatMap(({ labels, values }) => {
    const count = calls.get(keyOf(labels)) ?? 0;
    const shown = { ...labels, gen_ai_token_type: type };
    return [
      { suffix: "_bucket", labels: { ...shown, le: "+Inf" }, value: count },
      { suffix: "_sum", labels: shown, value: values[0] ?? 0 },
      { suffix: "_count", labels: shown, value: count },
    ];
  });
}

function keyOf(labels: Labels): string {
  return JSON.stringify(labels);
}

function labelled({ mode = "", model = noneLabel }: Labels): Labels {
  return { gen_ai_provider_name: provider, gen_ai_request_model: model, stuntdouble_mode: mode };
}

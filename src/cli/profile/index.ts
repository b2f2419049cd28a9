import { actionNamed } from "../actions.ts";
import type { Command } from "../args.ts";
import { compare } from "./compare.ts";
import { fit } from "./fit.ts";
import { learned } from "./learned.ts";
import { lint } from "./lint.ts";
import { preview } from "./preview.ts";
import { show } from "./show.ts";
import type { Action } from "./types.ts";

const usage = `Makes latency profiles from measured calls, and shows them.

  stuntdouble profile fit SOURCE... -o FILE [--name NAME] [--model MODEL] [--force]
  stuntdouble profile fit --admin URL -o FILE [--model MODEL]
  stuntdouble profile learned [--admin URL] [NAME -o FILE] [--force]
  stuntdouble profile show NAME|FILE
  stuntdouble profile compare A B
  stuntdouble profile lint FILE...
  stuntdouble profile preview NAME|FILE [--format text | html] [-o FILE]

A source is a folder of records, or a file: records of Stuntdouble, a report of guidellm, profile_export.jsonl of aiperf, a result of vllm bench serve
--save-detailed, a Mooncake trace, or CSV with a line of headers; .gz is unpacked. With --admin it is the records of a running node.
Several sources become one profile.

What a running node has learned of its upstreams is listed by profile learned, and with a NAME of the list written to a file.

  -o, --output  file to write to
  --force       write also over a file that exists
  --name        name of the profile; default: that of the file
  --model       of several models in the sources, this one; a glob. The profile stands for it
  --columns     headers of a CSV file: ttft=A,itl=B,prompt=C,cached=D,output=E,model=F,operation=G,inflight=H,status=I
  --min-calls   calls below which nothing is fitted; default: 100
  --measured    whose calls of records: real (default) or simulated
  --format      of a preview; default: text. A page of html has plots
  --admin       URL of the admin API
  --token-env   environment variable with its token; default: STUNTDOUBLE_ADMIN_TOKEN
  --json        print show, compare, lint and the list of learned as JSON

Exit codes: 0 success, 1 the node refused or cannot be reached, 2 invalid arguments, profiles or sources, 4 too few calls

Examples
  stuntdouble profile fit records --model 'gpt-4o*' -o profiles/gpt-4o.yaml
  stuntdouble profile fit runs.csv --columns ttft=ttft_ms,itl=mean_itl_ms -o house.yaml && stuntdouble profile preview house.yaml
`;

const actions: Readonly<Record<string, Action>> = { fit, learned, show, compare, lint, preview };

/** `stuntdouble profile` */
export const profile: Command = {
  name: "profile",
  summary: "make latency profiles from measured calls, and show them",
  usage,
  async run([name = "", ...others], io) {
    const action = actionNamed(actions, name);
    return await action(others, io);
  },
};

import { actionNamed } from "../actions.ts";
import type { Command, Io } from "../args.ts";
import { capacity } from "./capacity.ts";

const usage = `Plans capacity: how many nodes a load needs, what happens when it changes or nodes are lost, and what a month costs.

  stuntdouble plan capacity --rps N [--streams N --itl MS] [--policy FILE] [--costs FILE] [--region NAME=SHARE,...]
                            [--cores N] [--seed N] [-o FILE] [--force] [--json | --markdown]
  stuntdouble plan capacity --targets [-o FILE] [--force] [--json | --markdown]

CPU of a request and of a token are those of docs/performance.md, or of a file that npm run bench -- --costs FILE has written on
your own machine. A policy says what nodes there are, how they are checked and scaled, and what may be lost; a file with
part of one changes that part of the default. Nothing is started and nobody is asked.

  --rps           requests a second at the peak, those that begin streams among them
  --streams       streams open at a time; default: 0
  --itl           time between two tokens of a stream, in milliseconds
  --policy        YAML or JSON; - is standard input
  --costs         what calls cost, YAML or JSON
  --region        share of the traffic of each region in percent, instead of that of the policy; with two or more a lost
                  region is made up for
  --cores         take the instance of the policy with so many cores
  --seed          of what is random in the simulation; default: 1
  --targets       instead: the scaling targets of the documentation, beside our figures
  -o, --output    file to write to: .html has plots, .json, .md or .txt
  --force         write also over a file that exists
  --json          print JSON
  --markdown      print Markdown

Exit codes: 0 the plan is met, 1 something is missing (a node too many, calls lost, a goal missed), 2 invalid arguments or files

Examples
  stuntdouble plan capacity --rps 306000 --region us-east-1=40,eu-west-1=35,us-west-2=25
  stuntdouble plan capacity --rps 5000 --streams 200000 --itl 15 --policy policy.yaml -o plan.html
`;

const actions: Readonly<Record<string, (args: readonly string[], io: Io) => Promise<number>>> = { capacity };

/** `stuntdouble plan` */
export const plan: Command = {
  name: "plan",
  summary: "say how many nodes a load needs, and what happens when some are lost",
  usage,
  async run([name = "", ...others], io) {
    return await actionNamed(actions, name)(others, io);
  },
};

import { expect, test } from "vitest";
import { runIn } from "../../support/io.ts";

const resets = { "s.yaml": "rules: [{ name: a, serve: simulate, faults: [{ kind: reset }] }]\n" };

test.each([["--ext-proc"], ["--ext-proc", "0"], ["--ext-proc=0"]])(
  "start refuses a fault of the client's socket with %s, in the words of check",
  async (...flags) => {
    const started = await runIn(resets, ["start", "--config", "s.yaml", ...flags]);
    const checked = await runIn(resets, ["check", "s.yaml", "--ext-proc"]);
    expect([started.code, started.out]).toEqual([2, ""]);
    expect(started.err).toBe(checked.out.replace("s.yaml", `${started.folder}/s.yaml`));
  },
);

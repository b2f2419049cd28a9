import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { gateways, providers, uses } from "../../../src/cli/init/choices.ts";
import type { Terminal } from "../../../src/cli/terminal/types.ts";
import { runAt, runIn } from "../../support/io.ts";

const combinations = Object.keys(uses).flatMap((use) =>
  Object.keys(providers).flatMap((provider) => Object.keys(gateways).map((gateway) => [use, provider, gateway])),
);

describe("init", () => {
  test.each(Object.keys(uses))(
    "what it writes for %s has no errors and no warnings, for every provider and gateway",
    async (use) => {
      for (const [, provider = "", gateway = ""] of combinations.filter(([each]) => each === use)) {
        const { code, out, folder } = await runIn({}, [
          "init",
          "--use",
          use,
          "--provider",
          provider,
          "--gateway",
          gateway,
        ]);
        expect([provider, gateway, code]).toEqual([provider, gateway, 0]);
        expect(out).toMatch(/^stuntdouble\.yaml is written\. Next:\n {2}1\. /);
        const checked = await runAt(folder, ["check", "stuntdouble.yaml", "--strict"]);
        expect([provider, gateway, checked.code, checked.err]).toEqual([provider, gateway, 0, ""]);
      }
    },
  );

  test("a file that is there is overwritten only with --force", async () => {
    const args = ["init", "--use", "simulate", "--provider", "openai", "--gateway", "none", "-o", "c.yaml"];
    const { code, err, folder } = await runIn({ "c.yaml": "mine\n" }, args);
    expect([code, err]).toEqual([2, expect.stringMatching(/c\.yaml is there already; --force overwrites it\.\n$/)]);
    expect(await readFile(path.join(folder, "c.yaml"), "utf8")).toBe("mine\n");
    expect((await runAt(folder, [...args, "--force"])).code).toBe(0);
    expect(await readFile(path.join(folder, "c.yaml"), "utf8")).toMatch(/^default: \{ serve: simulate \}$/m);
  });

  test("without a terminal what is missing is named", async () => {
    expect(await runIn({}, ["init", "--use", "chaos"])).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /^stuntdouble init: --provider, --gateway are missing, .*as in: stuntdouble init --use /,
      ),
    });
  });

  test("a choice that there is not is told with the nearest", async () => {
    expect((await runIn({}, ["init", "--use", "chaoss"])).err).toMatch(/not "chaoss"\. Did you mean chaos\?/);
  });

  /** A terminal on which somebody types these lines. */
  function typing(...lines: string[]): { terminal: Terminal; asked: string[] } {
    const asked: string[] = [];
    const terminal: Terminal = {
      size: () => ({ columns: 80, rows: 24 }),
      hasKeys: true,
      onKey: () => () => undefined,
      onResize: () => () => undefined,
      async ask(question) {
        asked.push(question);
        return lines.shift();
      },
    };
    return { terminal, asked };
  }

  test("on a terminal it asks three questions, again where a response is none, and takes numbers, names and the default", async () => {
    const { terminal, asked } = typing("9", "2", "anthropic", "");
    const { code, folder } = await runIn({}, ["init"], { terminal });
    expect([code, asked.map((question) => question.split("\n")[0])]).toEqual([
      0,
      ["What do you want to do?", "What do you want to do?", "Which provider?", "Which gateway stands in front of it?"],
    ]);
    const text = await readFile(path.join(folder, "stuntdouble.yaml"), "utf8");
    expect(text).toMatch(/^default: \{ serve: forward, upstream: anthropic \}$/m);
  });

  test("at the end of the input nothing is written", async () => {
    const { terminal } = typing("1");
    expect(await runIn({}, ["init"], { terminal })).toMatchObject({
      code: 1,
      err: "stuntdouble init: nothing is written.\n",
    });
  });
});

import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { readExperiment } from "../../../src/config/experiment.ts";
import { settingsOf } from "../../../src/config/load.ts";
import { blocksOf, root } from "../../support/docs/tour.ts";
import { runAt } from "../../support/io.ts";

/** Files with examples, relative to the root. */
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "stuntdouble.example.yaml",
  ...readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

const valueOf: Readonly<Record<string, string>> = {
  urlEnv: "redis://localhost",
  headersEnv: "authorization=Bearer%20x",
};

/** Variables that an example names are taken to be set. */
function environmentFor(text: string): Record<string, string> {
  const named = [...text.matchAll(/(apiKeyEnv|tokenEnv|urlEnv|headersEnv|env): (\w+)/g)];
  return Object.fromEntries(named.map(([, key, name]) => [name!, valueOf[key!] ?? name!]));
}

/** Members that only a profile has, and those without which there is none. */
const profileKeys = ["ttftMs", "load", "ttftByPrompt", "itlCorrelation", "stalls", "failures", "promptCache", "engine"];
const one = "{ kind: constant, value: 1 }";
const leastProfile = { name: "part", ttftMs: one, itlMs: one, outputTokens: one };

/** Lays out the files of an example: a whole configuration, a part of one, or a profile. */
async function layOut(folder: string, text: string): Promise<void> {
  const starts = (key: string): boolean => new RegExp(`^${key}:`, "m").test(text);
  const profiles = path.join(folder, /^profiles: ["']?([\w./-]+)/m.exec(text)?.[1] ?? "my-profiles");
  await mkdir(profiles, { recursive: true });
  let config = text;
  if (profileKeys.some(starts)) {
    const missing = Object.entries(leastProfile).filter(([key]) => !starts(key));
    const whole = text + missing.map(([key, value]) => `${key}: ${value}\n`).join("");
    await writeFile(path.join(profiles, "example.yaml"), whole);
    config = "profiles: my-profiles\n";
  } else if (starts("faults")) {
    config = `default:\n  serve: simulate\n${text.replaceAll(/^/gm, "  ")}`;
  }
  const uses = [...config.matchAll(/upstream: ([\w-]+)/g)].map(([, name]) => name!);
  if (!starts("upstreams") && uses.length > 0)
    config += `\nupstreams: { ${uses[0]}: { url: "https://api.example.com" } }\n`;
  for (const [, kind, file] of text.matchAll(/\b(apiKey|ca)File: ["']?([\w./-]+)/g)) {
    const own = `${kind}.txt`;
    const certificate = path.join(root, "test/support/tls/localhost.cert.pem");
    await writeFile(path.join(folder, own), kind === "ca" ? readFileSync(certificate) : "sk-1");
    config = config.replace(file!, own);
  }
  for (const [, kind, file] of config.matchAll(/(cert|key)File: ["']?([\w./-]+)/g)) {
    await copyFile(path.join(root, `test/support/tls/localhost.${kind}.pem`), path.join(folder, file!));
  }
  const [, prices] = /budgets: \{ prices: ([\w./-]+)/.exec(text) ?? [];
  if (prices !== undefined) await writeFile(path.join(folder, prices), "currency: USD\nmodels: {}\n");
  const [, recordings] = /replay: \{ dir: ([\w./-]+)/.exec(text) ?? [];
  if (recordings !== undefined) await mkdir(path.join(folder, recordings), { recursive: true });
  const [, fixtures] = /aimock: ([\w./-]+)/.exec(text) ?? [];
  if (fixtures !== undefined) {
    await mkdir(path.join(folder, fixtures), { recursive: true });
    await writeFile(path.join(folder, fixtures, "one.json"), JSON.stringify({ fixtures: [] }));
  }
  await writeFile(path.join(folder, "example.yaml"), config);
}

/** `yaml` is a configuration; files of other programs are `yml`. */
const examples = pages.flatMap((page) => {
  const text = readFileSync(path.join(root, page), "utf8");
  const found = page.endsWith(".md")
    ? blocksOf(text).filter(({ language }) => language === "yaml")
    : [{ language: "yaml", text }];
  return found.map((block, index) => [`${page}, example ${index + 1}`, block.text] as const);
});

const isExperiment = ([, text]: readonly [string, string]): boolean => /^durationMs:/m.test(text);

test.each(examples.filter(isExperiment))("%s is an experiment that a node takes", async (_title, text) => {
  expect(readExperiment(parseYaml(text), await settingsOf({}, {}))).toMatchObject({ ok: true });
});

test.each(examples.filter((example) => !isExperiment(example)))(
  "%s passes `stuntdouble check`",
  async (_title, text) => {
    const folder = mkdtempSync(path.join(tmpdir(), "example-"));
    await layOut(folder, text);
    const { code, out, err } = await runAt(folder, ["check", "example.yaml"], { env: environmentFor(text) });
    await rm(folder, { recursive: true });
    expect({ code, out, err }).toMatchObject({ code: 0, err: "" });
  },
);

import { execFile, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { readExperiment } from "../../../src/config/experiment.ts";
import { settingsOf } from "../../../src/config/load.ts";
import { freePort } from "../../support/programs/gateway.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { runAt } from "../../support/io.ts";
import { findProgram } from "../../support/programs/index.ts";

const root = path.join(import.meta.dirname, "../../..");
const readme = readFileSync(path.join(root, "README.md"), "utf8");

type Block = { readonly language: string; readonly text: string };

function blocksOf(markdown: string): Block[] {
  const blocks = markdown.matchAll(/^(`{3,})(\w*)\n(.*?)^\1$/gms);
  return [...blocks].map(([, , language = "", text = ""]) => ({ language, text }));
}

function sectionOf(markdown: string, title: string): string {
  const found = markdown.split(/^## /m).find((section) => section.startsWith(`${title}\n`));
  if (found === undefined) throw new Error(`README.md has no section "${title}"`);
  return found;
}

/** Each shell block with the output that is shown right below it. */
function stepsOf(section: string): { script: string; shown: string | undefined }[] {
  const blocks = blocksOf(section);
  return blocks.flatMap(({ language, text }, index) => {
    if (language !== "sh") return [];
    const next = blocks[index + 1];
    return [{ script: text, shown: next?.language === "text" ? next.text : undefined }];
  });
}

const startsServer = (script: string): boolean => /^npm start$|stuntdouble -- start/m.test(script);

/**
 * An output without what differs from run to run: ids, dates, texts the simulator made, numbers of three digits or more (but
 * for the status), and blanks, so that the README may fold long lines.
 */
function plain(output: string): string {
  return output
    .replaceAll(/\b(chatcmpl-|req_)\w+/g, "$1ID")
    .replaceAll(/"content":"[^"]+"/g, '"content":"TEXT"')
    .replaceAll(/(?<!HTTP\/1\.1 )\b\d[\d.]{2,}\b/g, "NUMBER")
    .replaceAll(/\s/g, "");
}

/** Matches what is the same as shown; `…` stands for anything. */
function shapeOf(shown: string): RegExp {
  const literal = plain(shown).replaceAll(/[$()*+./?[\\\]^{|}]/g, "\\$&");
  return new RegExp(`^${literal.replaceAll("…", ".*?")}$`, "s");
}

/** The README's ports and files, moved to where nobody else is. */
type Place = { readonly folder: string; readonly ports: ReadonlyMap<string, number> };

function moved(script: string, { folder, ports }: Place): string {
  let text = script
    .replaceAll("/tmp/", `${folder}/`)
    .replaceAll("npm run -s stuntdouble --", `node ${root}/src/main.ts`)
    .replaceAll(/^npm start$/gm, `node ${root}/src/main.ts start --port 8080 --admin-port 8081`);
  for (const [shown, port] of ports) text = text.replaceAll(shown, String(port));
  return text;
}

const env = { ...process.env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"] ?? ""}` };

function run(program: string, args: readonly string[], more: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve) => {
    const options = { cwd: root, env: { ...env, ...more }, timeout: 50_000 };
    execFile(program, [...args], options, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

/** A Python that has the openai client. */
function pythonWithOpenai(): string | undefined {
  const python = findProgram("python3", "STUNTDOUBLE_PYTHON");
  if (python === undefined) return undefined;
  return spawnSync(python, ["-c", "import openai"]).status === 0 ? python : undefined;
}

const servers: ChildProcess[] = [];

/** Starts a server and gives back the first two lines it says. */
function serve(script: string, folder: string): Promise<string> {
  const child = spawn("bash", ["-c", `exec ${script.trim()}`], {
    cwd: folder,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  servers.push(child);
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.split("\n").length > 2) resolve(said.split("\n").slice(0, 2).join("\n"));
    });
    child.once("exit", (code) => reject(new Error(`${script} ended with ${code}: ${said}`)));
  });
}

let place: Place;

beforeAll(async () => {
  const ports = new Map<string, number>();
  for (const shown of ["8080", "8081", "8090", "8091"]) ports.set(shown, await freePort());
  place = { folder: await mkdtemp(path.join(tmpdir(), "tour-")), ports };
});

afterAll(async () => {
  for (const child of servers) child.kill("SIGKILL");
  await rm(place.folder, { recursive: true });
});

describe("the README", () => {
  const sections = ["A tour in 60 seconds", "Configuration by example"];
  const steps = sections.flatMap((title) => stepsOf(sectionOf(readme, title)));
  test.each(steps.map(({ script, shown }, index) => [index + 1, script.split("\n")[0], script, shown] as const))(
    "shows what step %i gives: %s",
    async (_step, _title, script, shown) => {
      const text = moved(script, place);
      const output = startsServer(script) ? await serve(text, place.folder) : await run("bash", ["-c", text]);
      if (shown === undefined) expect(output).toBe("");
      else expect(plain(output.replaceAll(`${place.folder}/`, "/tmp/"))).toMatch(shapeOf(shown));
    },
  );

  describe("its clients", () => {
    const section = sectionOf(readme, "Point a client at it");
    const code = (language: string): string =>
      moved(blocksOf(section).findLast((block) => block.language === language)!.text, place);

    test("JavaScript prints a response", async () => {
      const printed = await run(process.execPath, ["--input-type=module", "--eval", code("js")]);
      expect(printed).toMatch(/^[A-Z][^\n{}]{20,}$/);
    });

    test("the shell prints a stream", async () => {
      const printed = await run("bash", ["-c", code("sh").replace("curl -N", "curl -sN")]);
      expect(printed).toMatch(/^data: \{.*\n\ndata: \[DONE\]\n\n$/s);
    });

    test("JavaScript needs no change with the two variables", async () => {
      const exported = moved(blocksOf(section)[0]!.text, place);
      const script = code("js").replace(/new OpenAI\(.*\)/, "new OpenAI()");
      const printed = await run("bash", ["-c", `${exported}\nexec node --input-type=module --eval "$SCRIPT"`], {
        SCRIPT: script,
      });
      expect(printed).toMatch(/^[A-Z][^\n{}]{20,}$/);
    });

    describeWith("Python openai client", pythonWithOpenai(), "Python", (python) => {
      test("prints a response", async () => {
        const printed = await run(python, ["-c", code("python")]);
        expect(printed).toMatch(/^[A-Z][^\n{}]{20,}\n?$/);
      });
    });
  });
});

test("Ctrl-C stops every server of the tour with exit code 0", async () => {
  const codes = servers.map((child) => new Promise((resolve) => child.once("exit", resolve)));
  for (const child of servers) child.kill("SIGINT");
  expect(await Promise.all(codes)).toEqual([0, 0]);
});

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

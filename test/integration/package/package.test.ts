import { spawn, spawnSync } from "node:child_process";
import { statSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { describeWith } from "../../support/programs/missing.ts";
import { until } from "../../support/node.ts";
import { findPytest, pytestProject } from "./pytest.ts";
import { env, findFrameworks, install, pack, project, say } from "./consumer.ts";

// Each starts programs that start others, and some of those compile.
vi.setConfig({ testTimeout: 180_000 });

const tarball = pack();
const installed = install(tarball);
const frameworks = findFrameworks();
const page = readFileSync("docs/testing.md", "utf8");

/** The example under a heading. */
function exampleOf(heading: string): string {
  const section = page.split(`\n### ${heading}`)[1] ?? "";
  return /^```js\n(.*?)^```/ms.exec(section)?.[1] ?? "";
}

test("the package is small, has JavaScript only, and neither tests nor sources", async () => {
  expect(statSync(tarball).size).toBeLessThan(2e6);
  const { text } = await say("tar", ["-tzf", tarball], { cwd: "." });
  const files = text.trim().split("\n");
  expect(files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))).toEqual([]);
  const folders = new Set(files.map((file) => file.split("/")[1] ?? ""));
  const wanted = ["CHANGELOG.md", "LICENSE", "README.md", "lib", "package.json", "presets", "prices.yaml", "profiles"];
  expect([...folders].sort()).toEqual([...wanted, "schema", "stuntdouble.example.yaml"]);
});

describeWith("a registry of npm", installed, "the installed package", (clean) => {
  const npx = (...args: string[]) => say("npx", ["--no", "--", "stuntdouble", ...args], { cwd: clean });

  test("says its version", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(await npx("--version")).toEqual({ code: 0, text: `${version}\n` });
  });

  test("checks a configuration that ships with it, and has presets, profiles and prices", async () => {
    const file = "node_modules/stuntdouble/stuntdouble.example.yaml";
    expect((await npx("check", file)).text).toContain("ok");
    expect((await npx("completion", "bash")).text).toContain("complete ");
    expect((await npx("chaos", "presets")).text).toMatch(/overload|outage|rate/);
  });

  test("serves with two workers, with the dashboard and its script", async () => {
    writeFileSync(path.join(clean, "two.yaml"), "workers: 2\ncontrol: { enabled: true }\n");
    const args = ["--no", "stuntdouble", "start", "--config", "two.yaml", "--port", "0", "--admin-port", "0"];
    const child = spawn("npx", args, { cwd: clean, env, stdio: ["ignore", "ignore", "pipe"], detached: true });
    onTestFinished(() => void (child.pid !== undefined && process.kill(-child.pid, "SIGKILL")));
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (said += text));
    const [, port, adminPort] = await until(
      "the banner",
      () => /serves \S+:(\d+) \(admin \S+:(\d+)\)/.exec(said) ?? undefined,
      120_000,
    );
    const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-stuntdouble": 'text="It is sunny.", ttft=0' },
      body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }] }),
    });
    expect(await response.text()).toContain("It is sunny.");
    const page = await (await fetch(`http://127.0.0.1:${adminPort}/`, { headers: { accept: "text/html" } })).text();
    const [, module] = /<script type="module" src="([^"]+)"/.exec(page) ?? [];
    const script = await fetch(`http://127.0.0.1:${adminPort}${module}`);
    expect(script.headers.get("content-type")).toContain("javascript");
    expect(await script.text()).toContain("EventSource");
    const { workers } = (await (await fetch(`http://127.0.0.1:${adminPort}/admin/v1/status`)).json()) as {
      workers: number;
    };
    expect(workers).toBe(2);
  });

  const needs = (version: string): object => ({
    code: 1,
    text: `stuntdouble needs Node 24 or newer; this is Node ${version}.\n`,
  });
  const bin = "node_modules/stuntdouble/lib/bin/stuntdouble.js";

  test("says which Node it needs where that is too old", async () => {
    const old = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'22.9.0'})";
    expect(await say(process.execPath, ["--import", old, bin, "--version"], { cwd: clean })).toEqual(needs("22.9.0"));
  });

  const old = oldNode();
  test.runIf(old !== undefined)("says so in a Node that really is older", async () => {
    const { program = "", version = "" } = old ?? {};
    expect(await say(program, [bin, "--version"], { cwd: clean })).toEqual(needs(version));
  });

  describeWith("pytest (.ci/run installs it)", findPytest(), "with pytest", (python) => {
    const readme = readFileSync("plugins/pytest/README.md", "utf8");

    test("gives tests what the README of the plugin says, and leaves no process behind", async () => {
      const { folder, site } = pytestProject(python, {
        "test_readme.py": /^```python\n(.*?)^```/ms.exec(readme)?.[1] ?? "",
        "test_plugin.py": readFileSync("test/integration/package/test_plugin.py", "utf8"),
      });
      const command = `${process.execPath} ${path.join(clean, bin)}`;
      const pytest = { ...env, PYTHONPATH: site, STUNTDOUBLE_COMMAND: command };
      const said = await say(python, ["-m", "pytest", "-q", "-p", "no:cacheprovider", "."], {
        cwd: folder,
        env: pytest,
      });
      expect([said.code, said.text]).toEqual([0, expect.stringMatching(/8 passed/)]);
      const { stdout } = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" });
      expect(stdout).not.toContain(path.join(clean, bin));
    });

    test("has a node for each worker of pytest-xdist, and leaves none of them behind", async () => {
      const { folder, site } = pytestProject(python, {
        "test_plugin.py": readFileSync("test/integration/package/test_plugin.py", "utf8"),
        "test_workers.py": readFileSync("test/integration/package/test_workers.py", "utf8"),
      });
      const pytest = { ...env, PYTHONPATH: site, STUNTDOUBLE_COMMAND: `${process.execPath} ${path.join(clean, bin)}` };
      const args = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "."];
      const said = await say(python, args, { cwd: folder, env: pytest });
      expect([said.code, said.text]).toEqual([0, expect.stringMatching(/14 passed/)]);
      const { stdout } = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" });
      expect(stdout).not.toContain(path.join(clean, bin));
    });

    test("says what is wrong where the program does not start", async () => {
      const { folder, site } = pytestProject(python, { "test_a.py": "def test_a(stuntdouble):\n    pass\n" });
      const pytest = { ...env, PYTHONPATH: site, STUNTDOUBLE_COMMAND: "/nowhere/stuntdouble" };
      const said = await say(python, ["-m", "pytest", "-q", "-p", "no:cacheprovider", "."], {
        cwd: folder,
        env: pytest,
      });
      expect(said.text).toContain("cannot start /nowhere/stuntdouble");
    });
  });

  describeWith("the packages of test/integration/package/consumer", frameworks, "in a project", (frameworks) => {
    const tool = (name: string): string => path.join(frameworks, "node_modules/.bin", name);

    test("has nothing that publint objects to", async () => {
      const { code, text } = await say(tool("publint"), [tarball, "--strict"], { cwd: frameworks });
      expect([code, text]).toEqual([0, expect.stringContaining("All good!")]);
    });

    test("has types that are right wherever ES modules are resolved", async () => {
      const args = [tarball, "--profile", "esm-only", "--no-color", "--no-emoji"];
      expect(await say(tool("attw"), args, { cwd: frameworks })).toMatchObject({ code: 0 });
    });

    test("has types that hold what the examples do, and refuse what they must not", async () => {
      const vitest = exampleOf("Vitest").replace("let provider;", "let provider: Stuntdouble;");
      const strict = {
        strict: true,
        module: "nodenext",
        target: "es2024",
        noEmit: true,
        types: ["node"],
        skipLibCheck: false,
      };
      const folder = project(clean, frameworks, {
        "package.json": '{ "type": "module" }',
        "tsconfig.json": JSON.stringify({
          compilerOptions: { ...strict, lib: ["es2024", "esnext.disposable", "dom"] },
          include: ["use.ts"],
        }),
        "use.ts": `import { createFakeClock, startStuntdouble, type Stuntdouble } from "stuntdouble";
import { createAdminClient } from "stuntdouble/admin";
let provider: Stuntdouble;
await using node = await startStuntdouble({ clock: createFakeClock(), rules: [{ name: "a", serve: "simulate" }], seed: 1 });
provider = node;
// @ts-expect-error a fault has a kind
await provider.fault({ status: 429 });
// @ts-expect-error the clock is "real" or a fake one
await startStuntdouble({ clock: "fake" });
const [call] = await provider.calls();
(await createAdminClient({ url: node.adminUrl }).status()).inFlight satisfies number;
if (call !== undefined) call.ending satisfies "finish" | "cut" | "reset" | "stall" | "client-gone";
`,
      });
      expect(vitest).toContain("Stuntdouble");
      expect(await say(tool("tsc"), ["-p", "."], { cwd: folder })).toEqual({ code: 0, text: "" });
    });

    test("works in Vitest as the page says", async () => {
      const folder = project(clean, frameworks, { "example.test.js": exampleOf("Vitest") });
      const { code, text } = await say(tool("vitest"), ["run", "--root", folder], { cwd: folder, env: unmarked() });
      expect([code, text]).toEqual([0, expect.stringMatching(/1 passed/)]);
    });

    test("works in Jest as the page says", async () => {
      const folder = project(clean, frameworks, {
        "package.json": '{ "type": "module", "jest": { "testMatch": ["**/*.test.mjs"] } }',
        "example.test.mjs": exampleOf("Jest"),
      });
      const jest = { ...unmarked(), NODE_OPTIONS: "--experimental-vm-modules" };
      const { code, text } = await say(tool("jest"), [], { cwd: folder, env: jest });
      expect([code, text]).toEqual([0, expect.stringContaining("1 passed")]);
    });

    test("works in node:test as the page says, and lets its process end", async () => {
      const folder = project(clean, frameworks, { "example.test.mjs": exampleOf("node:test") });
      const { code, text } = await say(process.execPath, ["--test"], { cwd: folder, env: unmarked() });
      expect([code, text]).toEqual([0, expect.stringMatching(/pass 1/)]);
    });

    test("can be had by require", async () => {
      const folder = project(clean, frameworks, {
        "use.cjs": `require("stuntdouble").startStuntdouble().then((node) => node.stop()).then(() => console.log("done"))`,
      });
      expect(await say(process.execPath, ["use.cjs"], { cwd: folder })).toEqual({ code: 0, text: "done\n" });
    });
  });
});

/** What a test runner in this one must not see. */
function unmarked(): NodeJS.ProcessEnv {
  const marks = /^(?:VITEST|NODE_TEST|NODE_ENV|TEST|JEST)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !marks.test(name)));
}

/** A Node older than 24 in PATH, where there is one. */
function oldNode(): { readonly program: string; readonly version: string } | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(path.delimiter)) {
    const program = path.join(folder, "node");
    const version = spawnSync(program, ["--version"], { encoding: "utf8" }).stdout?.trim().slice(1) ?? "";
    if (version !== "" && Number.parseInt(version, 10) < 24) return { program, version };
  }
  return undefined;
}

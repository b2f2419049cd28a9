import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadText } from "../../../src/config/load.ts";
import { findProgram } from "../../support/programs/index.ts";

const page = readFileSync("docs/testing.md", "utf8");
const dockerfile = readFileSync("docker/Dockerfile", "utf8");
const [, exposed = ""] = /^EXPOSE (.+)$/m.exec(dockerfile) ?? [];
const [, health = ""] = /http:\/\/127\.0\.0\.1:8081(\/\w+)/.exec(dockerfile) ?? [];
const [, config = ""] = /^CMD \["start", "--config", "([^"]+)"\]$/m.exec(dockerfile) ?? [];

const recipes = ["java", "go"].map((language) => {
  const [, code = ""] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "ms").exec(page) ?? [];
  return [language, code] as const;
});

describe.each(recipes)("the recipe for %s", (_language, code) => {
  test("has the ports, the health check and the configuration of the image", () => {
    for (const port of exposed.split(" ")) expect(code).toContain(port);
    expect(code).toContain(`"${health}"`);
    expect(code).toContain(`"${config}"`);
  });

  test("names the image as it is built", () => {
    expect(readFileSync("supply-chain/image.ts", "utf8")).toContain('default: "stuntdouble"');
    expect(code).toContain('"stuntdouble"');
  });

  test("has a configuration that is right", async () => {
    const lines = code.split("\n").filter((line) => /^\s*(?:listen|admin|default): /.test(line));
    const text = lines.map((line) => line.trim()).join("\n");
    expect(await loadText(text, { folder: ".", env: {}, generation: 1 })).toMatchObject({ ok: true, warnings: [] });
  });
});

const gofmt = findProgram("gofmt", "STUNTDOUBLE_GOFMT");
test.runIf(gofmt !== undefined)("the recipe for Go is formatted as gofmt does it", () => {
  const input = `package example\n\n${recipes.find(([language]) => language === "go")?.[1] ?? ""}`;
  expect(spawnSync(gofmt ?? "", [], { input, encoding: "utf8" })).toMatchObject({ stderr: "", stdout: input });
});

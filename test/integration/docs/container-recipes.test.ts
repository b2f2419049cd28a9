import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const page = readFileSync("docs/testing.md", "utf8");
const folder = mkdtempSync(path.join(tmpdir(), "container-recipes-"));
const compileMs = 300_000;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function recipeIn(language: string): string {
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "ms").exec(page)?.[1] ?? "";
}

/** Folders that `.ci/run` fills: one of jars, and one with `go.mod`. */
const jars = process.env["STUNTDOUBLE_TESTCONTAINERS_JAVA"] ?? "";
const module = process.env["STUNTDOUBLE_TESTCONTAINERS_GO"] ?? "";

describe.skipIf(jars === "")("the recipe for Java [missing: STUNTDOUBLE_TESTCONTAINERS_JAVA]", () => {
  test("compiles", { timeout: compileMs }, () => {
    const imports = [
      "java.net.URI",
      "java.net.http.HttpClient",
      "java.net.http.HttpRequest",
      "java.net.http.HttpResponse",
      "java.util.List",
      "org.testcontainers.containers.GenericContainer",
      "org.testcontainers.containers.wait.strategy.Wait",
      "org.testcontainers.images.builder.Transferable",
    ];
    const lines = imports.map((name) => `import ${name};\n`).join("");
    const text = `${lines}class Recipe {\n  static void run() throws Exception {\n${recipeIn("java")}  }\n}\n`;
    writeFileSync(path.join(folder, "Recipe.java"), text);
    const args = ["-Xlint:-options", "-cp", path.join(jars, "*"), "Recipe.java"];
    const { status, stderr } = spawnSync("javac", args, { cwd: folder, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });
});

describe.skipIf(module === "")("the recipe for Go [missing: STUNTDOUBLE_TESTCONTAINERS_GO]", () => {
  test("is found right by go vet", { timeout: compileMs }, () => {
    const place = path.join(folder, "go");
    cpSync(module, place, { recursive: true });
    const head = `package recipe

import (
	"context"
	"strings"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

`;
    writeFileSync(path.join(place, "recipe.go"), head + recipeIn("go"));
    const env = { ...process.env, GOFLAGS: "-mod=mod", GOPROXY: "off" };
    const { status, stderr } = spawnSync("go", ["vet", "./..."], { cwd: place, env, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });
});

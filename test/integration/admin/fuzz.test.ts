import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startNode } from "../../support/node.ts";
import { describeWith } from "../../support/programs/missing.ts";

const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
const folder = path.join(cache, "stuntdouble-schemathesis/bin");
const found = existsSync(path.join(folder, "schemathesis")) ? folder : undefined;

const checks = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_schema_conformance",
  "positive_data_acceptance",
  "negative_data_rejection",
  "unsupported_method",
  "use_after_free",
];

/** @returns what was printed, also where the program found something wrong */
async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  return await promisify(execFile)(program, [...args], { cwd, maxBuffer: 64 * 1024 * 1024 }).then(
    ({ stdout }) => `${stdout}\nexit 0`,
    (error: { stdout?: string; stderr?: string }) =>
      `${error.stdout ?? ""}${error.stderr ?? "it did not start"}\nfailed`,
  );
}

describeWith("schemathesis", found, "the OpenAPI document of the admin API", (folder) => {
  test("is valid by the schema of OpenAPI 3.1", { timeout: 180_000 }, async () => {
    const file = path.resolve(import.meta.dirname, "../../../schema/admin-openapi.json");
    expect(await run(path.join(folder, "python"), ["-m", "openapi_spec_validator", file], tmpdir())).toContain(
      "exit 0",
    );
  });

  test("holds for whatever is sent, and nothing that is sent is an internal error", { timeout: 300_000 }, async () => {
    const node = await startNode({ records: { memory: 100 } });
    const place = await mkdtemp(path.join(tmpdir(), "fuzz-"));
    try {
      const printed = await run(
        path.join(folder, "schemathesis"),
        [
          `--config-file=${path.resolve(import.meta.dirname, "../../support/admin/schemathesis.toml")}`,
          "run",
          `${node.adminUrl}/admin/v1/openapi.json`,
          "--phases=examples,coverage,fuzzing",
          "--max-examples=12",
          "--seed=1",
          "--max-time=60",
          `--checks=${checks.join(",")}`,
          "--exclude-path=/admin/v1/live",
          "--generation-database=none",
          "--no-color",
          "--continue-on-failure",
          "--warnings=off",
        ],
        place,
      );
      expect(printed).toContain("exit 0");
    } finally {
      await rm(place, { recursive: true });
      await node.stop();
    }
  });
});

import { spawnSync } from "node:child_process";

/** The name of the program that answers for a container engine; undefined where none runs. */
export function findEngine(): string | undefined {
  const { status } = spawnSync("docker", ["info"], { stdio: "ignore" });
  return status === 0 ? "docker" : undefined;
}

/**
 * Runs a command of the engine.
 *
 * @returns what it printed on both its outputs, without the line end
 * @throws with what it printed when it fails
 */
export function engine(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("docker", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`docker ${args.join(" ")} ended with ${status}: ${stdout}${stderr}`);
  return (stdout + stderr).trim();
}

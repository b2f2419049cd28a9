import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

/** The name of the program that answers for a container engine; undefined where none runs. */
export function findEngine(): string | undefined {
  // The container that would clean up after a killed run is one more image to fetch.
  process.env["TESTCONTAINERS_RYUK_DISABLED"] ??= "true";
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
  return run(["docker", ...args], {});
}

/** Runs a command of Compose, by its plugin or by the program of its own that came before it; see `engine`. */
export function compose(env: Readonly<Record<string, string>>, ...args: readonly string[]): string {
  return run([...composeProgram(), ...args], env);
}

/** The same, while the test goes on. */
export async function composeLater(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> {
  const [program, ...first] = composeProgram();
  const { stdout } = await promisify(execFile)(program, [...first, ...args], { env: { ...process.env, ...env } });
  return stdout;
}

function composeProgram(): [string, ...string[]] {
  return succeeds("compose", "version") ? ["docker", "compose"] : ["docker-compose"];
}

/**
 * Makes an image available: one that is there, or that a registry has, or else what the machine has of the same program under
 * another version, which gets its name.
 *
 * @param name such as `redis:7.4.2-bookworm`
 * @returns whether there is one
 */
export function haveImage(name: string): boolean {
  if (succeeds("image", "inspect", name) || succeeds("pull", "-q", name)) return true;
  const repository = name.replace(/[:@].*/, "");
  const [other] = engine("images", "--format", "{{.Repository}}:{{.Tag}}", repository).split("\n");
  return other !== undefined && other !== "" && succeeds("tag", other, name);
}

function succeeds(...args: readonly string[]): boolean {
  return spawnSync("docker", args, { stdio: "ignore" }).status === 0;
}

/** The image of Node that ours is made from. @throws where there is none */
export function nodeImage(): string {
  const [, name = ""] = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync("docker/Dockerfile", "utf8")) ?? [];
  if (!haveImage(name)) throw new Error(`there is no image ${name}`);
  return name;
}

/** Builds the image as `npm run image` does, and leaves what is written beside it in a folder. */
export function buildImage(tag: string, folder: string): void {
  nodeImage();
  run([process.execPath, "supply-chain/image.ts", "--tag", tag, "--out", folder], {});
}

function run([program, ...args]: string[], env: Readonly<Record<string, string>>): string {
  const { status, stdout, stderr, error } = spawnSync(program!, args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}: ${stdout}${stderr}`);
  return (stdout + stderr).trim();
}

import { afterEach, expect, test } from "vitest";
import { apiError } from "../../support/errors.ts";
import { until } from "../../support/node.ts";
import { startProgram, type Program } from "../../support/programs/program.ts";
import { chatBody, postText, rawRequest } from "../../support/raw.ts";

let programs: Program[] = [];
afterEach(async () => {
  await Promise.all(programs.map((program) => program.stop()));
  programs = [];
});

async function start(workers = 1): Promise<Program> {
  const program = await startProgram({}, {}, workers);
  programs.push(program);
  return program;
}

/** All calls go to one upstream from now on. */
async function forwardTo(program: Program, url: string): Promise<void> {
  const before = await program.metric("stuntdouble_config_generation");
  await program.write({ upstreams: { next: { url } }, default: { serve: "forward" } });
  await until("the new configuration", async () =>
    (await program.metric("stuntdouble_config_generation")) > before ? true : undefined,
  );
}

const ask = (program: Program) =>
  rawRequest(program.port, postText("/v1/chat/completions", chatBody(), ["connection: close"]));

test.each([1, 2])(
  "a node that forwards to itself answers 508 the second time it meets a call (workers: %i)",
  async (workers) => {
    const program = await start(workers);
    await forwardTo(program, program.url);
    const response = await ask(program);
    expect(response.status).toBe(508);
    expect(apiError(response.body)).toMatchObject({ type: "server_error", code: "LOOP_DETECTED" });
    // A gateway of another program may still look for the one that had this port before.
    const calls = await until("both calls", async () => {
      const seen = (await program.outcomes()).filter(({ operation }) => operation === "chat");
      return seen.length >= 2 ? seen : undefined;
    });
    expect(calls.map(({ mode, cause }) => `${mode} ${cause}`).sort()).toEqual(["own LOOP_DETECTED", "real undefined"]);
    await program.idle();
  },
);

test("a loop over two nodes ends at the first", async () => {
  const [first, second] = [await start(), await start()];
  await forwardTo(first, second.url);
  await forwardTo(second, first.url);
  expect((await ask(first)).status).toBe(508);
  expect(await first.metric('stuntdouble_errors_total{upstream="none",cause="LOOP_DETECTED"}')).toBe(1);
  expect(await second.metric('stuntdouble_errors_total{upstream="none",cause="LOOP_DETECTED"}')).toBe(0);
});

test("nodes one behind the other are no loop", async () => {
  const [first, second] = [await start(), await start()];
  await forwardTo(first, second.url);
  expect((await ask(first)).status).toBe(200);
});

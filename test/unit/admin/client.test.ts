import { hash } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { AdminError, createAdminClient, type AdminClient } from "../../../src/admin/client/index.ts";
import { createAdmin } from "../../../src/admin/server.ts";
import { outcome } from "../emit/outcome.ts";
import { createTestNode, status, type TestLoop } from "./node-view.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function clientOf(loops: readonly TestLoop[] = [{}], token?: string): Promise<AdminClient> {
  const tokenSha256 = (): string | undefined => (token === undefined ? undefined : hash("sha256", token));
  const app = createAdmin(createTestNode(loops), { tokenSha256, failed: () => undefined });
  ends.push(() => app.close());
  return createAdminClient({ url: await app.listen({ host: "127.0.0.1", port: 0 }), token });
}

const refusal = async (asked: Promise<unknown>): Promise<AdminError> => {
  const error: unknown = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AdminError)) throw new Error("It was not refused.");
  return error;
};

describe("the client of the admin API", () => {
  test("reads how the node is", async () => {
    const client = await clientOf([{ breakers: { openai: "open" } }]);
    expect(await client.status()).toEqual({ ...status, breakers: { openai: "open" } });
  });

  test("asks for the calls that it is told to", async () => {
    const client = await clientOf([{ outcomes: [outcome({ id: "a/b", status: 503 }), outcome({ id: "c" })] }]);
    expect((await client.requests({ status: "5xx", model: undefined })).requests).toMatchObject([{ id: "a/b" }]);
    expect(await client.request("a/b")).toMatchObject({ id: "a/b" });
  });

  test("presents its token", async () => {
    const client = await clientOf([{}], "secret");
    expect(await client.experiments()).toMatchObject({ killSwitch: false, experiments: [] });
  });

  test("tells what the node refuses, with the problem", async () => {
    const error = await refusal((await clientOf()).request("unheard-of"));
    expect(error.message).toBe("None of the last 1000 requests has this id.");
    expect([error.status, error.problem]).toMatchObject([404, { status: 404, title: "Not Found" }]);
  });

  test("says where it found nobody", async () => {
    const error = await refusal(createAdminClient({ url: "http://127.0.0.1:1" }).status());
    expect(error.message).toMatch(/^could not reach http:\/\/127\.0\.0\.1:1: /);
    expect(error.status).toBeUndefined();
  });

  test("reads any other path", async () => {
    expect(await (await clientOf()).get("config")).toEqual({ listen: { port: 8080 } });
    expect(await (await clientOf()).metrics()).toBe("# HELP a b\n");
  });
});

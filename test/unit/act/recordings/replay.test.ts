import { describe, expect, test } from "vitest";
import { setUpAct, type ActHarness, type ServedCall } from "../../../support/act.ts";
import { streamHead, tokenEvent, type UpstreamCall } from "../../../support/fake-upstream.ts";
import { makeFolder, makeWriter, type RecordingFolder } from "../../../support/recordings/folder.ts";
import { chat, type RequestWishes } from "../../../support/request.ts";

const upstreams = { openai: { url: "https://api.example.com/base" } };

/** Records what an upstream gives to one request. */
async function record(
  folder: RecordingFolder,
  wishes: RequestWishes,
  respond: (call: UpstreamCall, act: ActHarness) => Promise<void>,
): Promise<ServedCall> {
  const writer = makeWriter();
  const record = { dir: folder.dir, bodies: true };
  const act = await setUpAct({ upstreams, default: { serve: "forward", record } }, { recordings: () => writer });
  const call = act.serve(wishes);
  await respond(call.upstream(), act);
  await writer.flushed();
  expect(writer.results).toEqual(["written"]);
  return call;
}

function replaying(folder: RecordingFolder, options: object = {}, more: object = {}): Promise<ActHarness> {
  return setUpAct({ default: { serve: "replay", replay: { dir: folder.dir, ids: "verbatim", ...options }, ...more } });
}

const streamed = { body: chat({ stream: true }) };

async function threeTokens(call: UpstreamCall, act: ActHarness): Promise<void> {
  await act.advance(100);
  call.head(200, streamHead);
  call.data(tokenEvent("a"));
  await act.advance(33);
  call.data(tokenEvent("b") + tokenEvent("c"));
  await act.advance(5);
  call.data("data: [DONE]\n\n");
  await act.advance(2);
  call.end();
}

describe("a replayed stream", () => {
  test("leaves byte for byte at the offsets of its recording", async () => {
    const folder = makeFolder();
    const real = await record(folder, streamed, threeTokens);
    const act = await replaying(folder);
    const call = act.serve(streamed);
    await act.advance(200);
    expect(call.reply.text()).toBe(real.reply.text());
    expect(call.log()).toEqual(["100 head 200", "100 write", "133 write", "138 write", "140 end"]);
    expect(call.outcome()).toMatchObject({ mode: "replayed", ending: "finish", actual: { ttftMs: 100, tokens: 3 } });
    expect(call.reply.header("x-stuntdouble-decision")).toBe("replay");
  });

  test("leaves twice as fast where its speed is 2", async () => {
    const folder = makeFolder();
    await record(folder, streamed, threeTokens);
    const act = await replaying(folder, { timing: "scaled", speed: 2 });
    const call = act.serve(streamed);
    await act.advance(200);
    expect(call.outcome().actual).toMatchObject({ atMs: [50, 67, 67], totalMs: 70 });
  });

  test("leaves at once where its timing is instant", async () => {
    const folder = makeFolder();
    await record(folder, streamed, threeTokens);
    const act = await replaying(folder, { timing: "instant" });
    const call = act.serve(streamed);
    await act.advance(1);
    expect(call.outcome().actual).toMatchObject({ tokens: 3, totalMs: 0 });
  });

  test("leaves in the times of a profile", async () => {
    const folder = makeFolder();
    await record(folder, streamed, threeTokens);
    const act = await replaying(folder, { timing: "profile" }, { profile: "steady" });
    const call = act.serve(streamed);
    await act.advance(500);
    expect(call.outcome().actual).toMatchObject({ atMs: [400, 415, 430], totalMs: 430 });
  });

  test("is cut where the upstream cut it", async () => {
    const folder = makeFolder();
    await record(folder, streamed, async (call, act) => {
      call.head(200, streamHead);
      call.data(tokenEvent("a"));
      await act.advance(70);
      call.failed("UPSTREAM_RESET");
    });
    const act = await replaying(folder);
    const call = act.serve(streamed);
    await act.advance(100);
    expect(call.log()).toEqual(["0 head 200", "0 write", "70 reset"]);
    expect(call.outcome()).toMatchObject({ ending: "reset", cause: undefined });
  });

  test("is struck by a fault as a simulated one is", async () => {
    const folder = makeFolder();
    await record(folder, streamed, threeTokens);
    const act = await replaying(folder, {}, { faults: [{ kind: "cut", afterTokens: 2 }] });
    const call = act.serve(streamed);
    await act.advance(200);
    expect(call.outcome()).toMatchObject({ ending: "cut", faults: ["cut"], actual: { tokens: 2 } });
  });
});

import { expect, test } from "vitest";
import { ExtProcReply } from "../../../../src/ingress/ext-proc/reply.ts";

const head = { status: 200, headers: ["content-type", "text/event-stream"] };

function setUp(streams: boolean) {
  const told: string[] = [];
  const call = { send: () => true, end: () => undefined, pause: () => undefined, resume: () => undefined };
  const reply = new ExtProcReply({
    call,
    method: "POST",
    acceptEncoding: undefined,
    streams,
    begun: () => void told.push("begun"),
    finished: () => void told.push("finished"),
  });
  return { reply, told };
}

test("a stream of ours tells when it begins, as its request is no longer needed", () => {
  const { reply, told } = setUp(true);
  reply.head(head);
  expect(told).toEqual(["begun"]);
  reply.write("data: x\n\n");
  reply.end();
  expect(told).toEqual(["begun", "finished"]);
});

test("a real response that is bent lets its request go on", () => {
  const { reply, told } = setUp(true);
  reply.real = { status: 200, headers: [], throughUs: true, trailers: false };
  reply.head(head);
  expect(told).toEqual([]);
});

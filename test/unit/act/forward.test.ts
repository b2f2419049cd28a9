import { expect, test } from "vitest";
import { chat, setUpAct } from "../../support/act.ts";

const forwarding = {
  upstreams: { openai: { url: "https://api.example.com/base" } },
  default: { serve: "forward" },
};

test("a response passes unchanged, piece by piece as it comes", async () => {
  const act = await setUpAct(forwarding);
  const call = act.serve({ body: chat({ stream: true }) });
  const upstream = call.upstream();
  await act.advance(100);
  upstream.head(200, { "content-type": "text/event-stream" });
  await act.advance(50);
  upstream.data("data: 1\n\n");
  await act.advance(50);
  upstream.data("data: [DONE]\n\n");
  upstream.end();
  expect(call.log()).toEqual(["100 head 200", "150 write", "200 write", "200 end"]);
  expect(call.reply.text()).toBe("data: 1\n\ndata: [DONE]\n\n");
  expect(call.outcome()).toMatchObject({ mode: "real", upstream: "openai", status: 200, ending: "finish" });
});

import { expect, test } from "vitest";
import { setUpAct } from "../../support/act.ts";
import { chat } from "../../support/request.ts";

const prompt = `Return JSON of this schema: {"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}`;
const body = chat({ messages: [{ role: "user", content: prompt }] });

test.each([
  ["obeyed", {}, /^\{"a":-?\d+\}$/],
  ["left alone by the configuration", { simulator: { format: "text" } }, /^[A-Z][a-z ]/],
  ["left alone by a rule", { rules: [{ name: "all", serve: "simulate", format: "text" }] }, /^[A-Z][a-z ]/],
  [
    "obeyed by a rule",
    { simulator: { format: "text" }, rules: [{ name: "all", serve: "simulate", format: "auto" }] },
    /^\{"a":/,
  ],
])("the form that a prompt asks for is %s", async (_, config, expected) => {
  const act = await setUpAct(config);
  const call = act.serve({ body });
  await act.advance(2000);
  expect(JSON.parse(call.reply.text()).choices[0].message.content).toMatch(expected);
});

import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const page = readFileSync("docs/troubleshooting.md", "utf8");
const symptoms = page
  .split(/^### /m)
  .slice(1)
  .map((text) => text.split(/\n## /)[0] ?? "");
const titles = symptoms.map((text) => text.split("\n")[0] ?? "");
/** Words of other programs. */
const others = new Set(["transfer closed with outstanding read data remaining"]);
const messages = titles
  .flatMap((title) => [...(/^`(.*)`$/.exec(title) ?? [])].slice(1))
  .filter((each) => !others.has(each));

const sources = globSync("src/**/*.ts").map((file) => readFileSync(file, "utf8"));

/** Whether one file has all that does not differ. */
function isSaid(message: string): boolean {
  const fixed = message
    .split("…")
    .map((part) => part.trim())
    .filter((part) => /\w/.test(part));
  return fixed.length > 0 && sources.some((source) => fixed.every((part) => source.includes(part)));
}

test.each(messages)("the program says: %s", (message) => {
  expect(isSaid(message)).toBe(true);
});

test("there are more than twenty of them", () => {
  expect(messages.length).toBeGreaterThan(20);
});

test.each(symptoms.map((text, index) => [titles[index], text]))(
  "%s has a cause, a place to look, and what to do",
  (_title, text) => {
    expect([...(text ?? "").matchAll(/^- \*\*(\w+)\*\*: /gm)].map(([, word]) => word)).toEqual(["Cause", "Look", "Do"]);
  },
);

const metrics = new Set(page.match(/stuntdouble_\w+/g));

test.each([...metrics])("there is a metric %s", (name) => {
  expect(readFileSync("docs/metrics.md", "utf8")).toContain(`\`${name}\``);
});

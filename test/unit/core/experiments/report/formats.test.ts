import { describe, expect, test } from "vitest";
import { reportFormats } from "../../../../../src/core/experiments/report/formats.ts";
import { brownoutReport, repeated, reportWith } from "./sample.ts";

const evil = "<img src=x onerror=alert(1)>|`*_\u001B[31m\n# x";
const huge = "<b>".repeat(22_000);
const evilReport = reportWith(
  repeated(5, { stage: "storm", outcome: { rule: huge, model: evil, faults: ["status"], status: 503 } }),
  { hypothesis: evil, expect: [{ metric: "errorRate", atMost: 1, minCalls: 1 }] },
  { by: evil },
);

describe("a page of HTML", () => {
  const { write } = reportFormats.html;

  test("needs nothing from elsewhere, and has no script", () => {
    expect(write(brownoutReport())).not.toMatch(
      /<script|<link|<img|<iframe|https?:|url\(|@import|\son\w+=|javascript:/i,
    );
  });

  test("shows names as text, whatever is in them", () => {
    const html = write(evilReport);
    expect(html).not.toMatch(/<img|<b>|\p{Cc}(?<!\n)/u);
    expect(html).toContain("&lt;img src=x onerror=alert(1)&gt;|`*_\u241B[31m\u240A# x");
    expect(html).toContain("&lt;b&gt;".repeat(22_000));
  });

  test("has a table beside each kind of plot, for those who cannot see it", () => {
    const html = write(brownoutReport());
    for (const title of ["Timeline", "Time to first token", "Guardrails"])
      expect(html).toContain(`aria-label="${title}" tabindex="0"><table>`);
    expect(html.match(/<svg class="plot"[^>]*role="img"><title>/g)).toHaveLength(10);
  });

  test("draws the stages and the guardrails, and what halted a run", () => {
    const html = write(
      reportWith(
        repeated(30),
        { guardrails: [{ metric: "errorRate", above: 5 }] },
        { state: "halted", broken: { metric: "errorRate", above: 5, value: 9 } },
      ),
    );
    for (const label of ["1 outage", "halts above 5", "halted: errorRate 9, above 5"])
      expect(html).toContain(`>${label}<`);
  });

  test("draws what a guardrail halts below", () => {
    const halted = { state: "halted", broken: { metric: "clientSuccessRate", below: 99, value: 40 } } as const;
    const html = write(reportWith(repeated(30), { guardrails: [{ metric: "clientSuccessRate", below: 99 }] }, halted));
    for (const label of ["halts below 99", "halted: clientSuccessRate 40, below 99"])
      expect(html).toContain(`>${label}<`);
  });

  test("of a run without calls says so", () => {
    expect(write(reportWith([]))).toContain("No call in scope has ended.");
  });
});

test("a scope without conditions is every call", () => {
  const { write } = reportFormats.markdown;
  expect(write(reportWith([], { match: {} }))).toContain("| Scope | every call |");
  expect(write(reportWith([], { match: { model: "gpt-4*" } }))).toContain('| Scope | {"model":"gpt-4\\*"} |');
});

test.each(["html", "markdown", "text", "junit"] as const)("%s names a guardrail that halts below a value", (format) => {
  const halted = { state: "halted", broken: { metric: "clientSuccessRate", below: 99, value: 40 } } as const;
  const guardrails = [{ metric: "clientSuccessRate", below: 99 }];
  const text = reportFormats[format].write(reportWith(repeated(30), { guardrails, expect: [] }, halted));
  expect(text).toContain("clientSuccessRate was 40, below 99");
  expect(text.replaceAll(/<[^>]*>/g, " ")).toMatch(/below 99\W+10\W/);
});

test.each(["markdown", "text"] as const)("%s has one line for each row, whatever is in its names", (format) => {
  const text = reportFormats[format].write(evilReport);
  expect(text).not.toContain("\u001B");
  expect(
    text
      .split("\n")
      .filter((line) => line.includes("alert(1)"))
      .every((line) => line.includes("# x") || line.includes("\\# x")),
  ).toBe(true);
});

test("in Markdown no name is markup", () => {
  const text = reportFormats.markdown.write(evilReport);
  expect(text).toContain(String.raw`\<img src=x onerror=alert(1)\>\|\`\*\_`);
  expect(text).not.toMatch(/[^\\]<img/);
});

test.each(["markdown", "text"] as const)("%s says what was injected where, and before, during and after", (format) => {
  const text = reportFormats[format].write(brownoutReport());
  expect(text).toMatch(/delay +\|? *slow +\|? *checkout +\|? *gpt-4o/);
  expect(text).toMatch(/during, without a fault +\|? *\d/);
  expect(text).toMatch(/after +\|? *\d/);
});

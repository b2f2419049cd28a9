import { describe, expect, test } from "vitest";
import { defaultGates } from "../../../../../src/core/shadow/gates.ts";
import { pairsIn } from "../../../../../src/core/shadow/observed.ts";
import { verdictFormats } from "../../../../../src/core/shadow/report/formats.ts";
import { verdictOf, type Verdict } from "../../../../../src/core/shadow/verdict.ts";
import type { TrafficRecord } from "../../../../../src/core/records/types.ts";
import { anyMirrored, mirroredRecord } from "../../../../support/records/mirrored.ts";

const verdict = (records: readonly TrafficRecord[]): Verdict => verdictOf(pairsIn(records), { gates: defaultGates });
const slow = verdict([...anyMirrored(300, { simulated: { ttftMs: 600 } }), mirroredRecord({ faults: ["delay"] })]);
const few = verdict(anyMirrored(30));
const alike = verdict(Array.from({ length: 300 }, () => mirroredRecord()));

describe("the text of a verdict", () => {
  test("begins with what it comes to, where it is worst and by how much", () => {
    const [first] = verdictFormats.text(slow).split("\n");
    expect(first).toMatch(
      /^differs: Both sides differ, most at p\d+ of TTFT, ms of gpt-4o: \+\d.* % \(90 % interval \+.* % to \+.* %\), tolerated ±\d+ %\.$/,
    );
  });

  test("says about how many more calls would settle it", () => {
    expect(verdictFormats.text(few)).toMatch(/^not enough data: .* About [\d,]+ more calls would probably settle it\./);
  });

  test("says that both sides match", () => {
    expect(verdictFormats.text(alike)).toMatch(/^match: Both sides match within the gates, in 1 stratum\./);
  });

  test("says that there was nothing to compare", () => {
    expect(verdictFormats.text(verdict([]))).toMatch(/^not enough data: There are no calls to compare\./);
  });

  test("counts what was left out, by class", () => {
    expect(verdictFormats.text(slow)).toMatch(/Left out: a fault acted +1$/m);
  });

  test("has a row for each gate of each measure", () => {
    const text = verdictFormats.text(slow);
    for (const measure of ["TTFT, ms", "gap between tokens, ms", "total, ms", "output tokens"])
      for (const quantile of ["p50", "p95"]) expect(text).toMatch(new RegExp(`^ +${measure} +${quantile} `, "m"));
  });

  test("shows what would act in a terminal as its picture", () => {
    const evil = verdict([mirroredRecord({ model: "\u001B[31mred" })]);
    expect(verdictFormats.text(evil)).not.toContain("\u001B");
  });
});

describe("the JUnit file of a verdict", () => {
  test("has a failure for a measure that differs, and passes one that matches", () => {
    const xml = verdictFormats.junit(slow);
    expect(xml).toMatch(/<testcase name="[^"]*: TTFT, ms" classname="shadow"><failure type="differs" message="p50 \+/);
    expect(xml).toMatch(/<testcase name="[^"]*: output tokens" classname="shadow"\/>/);
    expect(xml).toContain('<property name="gates" value="p50=5%,p95=10%"/>');
  });

  test("skips what is open, with the number of calls that it lacks", () => {
    const xml = verdictFormats.junit(few);
    expect(xml).toMatch(/<skipped message="not enough data, about \d+ more calls/);
    expect(xml).toContain('failures="0"');
  });

  test("skips one test case where there was nothing to compare", () => {
    expect(verdictFormats.junit(verdict([]))).toMatch(/<testcase name="shadow"[^>]*><skipped/);
  });

  test("does not fail for a stratum that does not decide", () => {
    const rare = anyMirrored(25, { simulated: { ttftMs: 4000 } }).map((record) => ({ ...record, model: "rare" }));
    const xml = verdictFormats.junit(verdict([...Array.from({ length: 600 }, () => mirroredRecord()), ...rare]));
    expect(xml).toMatch(
      /name="rare[^"]*TTFT, ms"[^>]*><skipped message="differs, but has too few of the calls to decide/,
    );
    expect(xml).toContain('failures="0"');
  });
});

describe("a verdict that came as JSON, as from a running node", () => {
  const withoutFirstToken = mirroredRecord({
    mirror: { from: "upstream", name: "b", totalMs: 9, outputTokens: 0, gapsMs: [] },
  });
  test.each([
    ["one call", [mirroredRecord()]],
    ["two calls", anyMirrored(2)],
    ["a call whose other side has no token", [withoutFirstToken]],
    ["calls in strata of one each", ["a", "b", "c"].map((model) => mirroredRecord({ model }))],
  ])("is the same in each format, of %s", (_, records) => {
    const made = verdict(records);
    const read: Verdict = JSON.parse(JSON.stringify(made));
    for (const format of Object.values(verdictFormats)) expect(format(read)).toBe(format(made));
    expect(read).toEqual(made);
  });
});

describe("the page of a verdict", () => {
  test("has the plots of its measures, and no script", () => {
    const page = verdictFormats.html(slow);
    for (const title of [
      "cumulative distribution (CDF)",
      "other / real at each quantile",
      "quantiles of the other side",
    ])
      expect(page).toContain(`TTFT, ms: ${title}`);
    expect(page).toContain("Gaps over the position in the stream, ms");
    expect(page).toContain("<polygon");
    expect(page).not.toContain("<script");
    expect(page).not.toContain("NaN");
  });

  test("of hostile names has them as text", () => {
    const page = verdictFormats.html(verdict([mirroredRecord({ model: "<script>alert(1)</script>" })]));
    expect(page).not.toContain("<script>");
    expect(page).toContain("&lt;script&gt;");
  });

  test("of nothing is a page all the same", () => {
    expect(verdictFormats.html(verdict([]))).toContain("There are no calls to compare.");
  });
});

test("the JSON of a verdict is the verdict", () => {
  expect(JSON.parse(verdictFormats.json(slow))).toEqual(slow);
});

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { legendHtml, plotSvg, type Plot, type Series } from "../../../../src/core/plot/plot.ts";
import { clockText, linearAxis, logAxis, shareAlong, timeAxis } from "../../../../src/core/plot/scale.ts";

describe("axes", () => {
  test.each([
    [0, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [4, [0, 1, 2, 3, 4]],
    [47, [0, 10, 20, 30, 40, 50]],
    [1234, [0, 500, 1000, 1500]],
  ])("a linear one up to %f has the ticks %j", (max, ticks) => {
    expect(linearAxis("", max).ticks).toEqual(ticks);
  });

  test("a linear one takes in its highest value, with few ticks", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (max) => {
        const { to, ticks } = linearAxis("", max);
        expect(to).toBeGreaterThanOrEqual(max * (1 - 1e-9));
        expect(ticks.length).toBeLessThan(8);
      }),
    );
  });

  test("a logarithmic one goes from a round number to a round number around its values", () => {
    expect(logAxis("", [90, 2600])).toMatchObject({ from: 50, to: 5000, ticks: [50, 100, 200, 500, 1000, 2000, 5000] });
  });

  test("a time axis has its ticks at round times", () => {
    expect(timeAxis("", 390).ticks.map(clockText)).toEqual(["0:00", "1:00", "2:00", "3:00", "4:00", "5:00", "6:00"]);
  });

  test.each([
    [0, "0:00"],
    [61, "1:01"],
    [3661, "1:01:01"],
  ])("%i seconds are %s", (seconds, text) => {
    expect(clockText(seconds)).toBe(text);
  });

  test("values beyond an axis lie at its ends", () => {
    expect([-1, 50, 101].map((value) => shareAlong(linearAxis("", 100), value))).toEqual([0, 0.5, 1]);
  });
});

const series: Series = {
  name: "<calls>",
  look: "one",
  join: "straight",
  runs: [
    [
      { x: 0, y: 0 },
      { x: 10, y: 10 },
    ],
  ],
};
const plot: Plot = {
  title: "a < b",
  description: "what it shows",
  x: linearAxis("x", 10),
  y: linearAxis("y", 10),
  series: [series],
};
const size = { width: 272, height: 166 };

describe("a plot", () => {
  test("joins its points by straight lines from one end of the axes to the other", () => {
    expect(plotSvg(plot, size)).toContain('<path class="line line-one" d="M58 126L258 26"/>');
  });

  test("has steps where they are asked for", () => {
    expect(plotSvg({ ...plot, series: [{ ...series, join: "step" }] }, size)).toContain('d="M58 126H258V26"');
  });

  test("leaves gaps, and shows a single point", () => {
    const runs = [[{ x: 0, y: 0 }], [{ x: 10, y: 10 }]];
    expect(plotSvg({ ...plot, series: [{ ...series, runs }] }, size)).toContain('d="M55 126h6M255 26h6"');
  });

  test("says in words what it shows, with nothing in them taken for markup", () => {
    const svg = plotSvg(plot, size);
    expect(svg).toContain('role="img"');
    expect(svg).toContain("<title>a &lt; b</title><desc>what it shows</desc>");
    expect(legendHtml([series])).toContain("&lt;calls&gt;");
  });

  test("names a band by its short label where the long one has no room", () => {
    const bands = [
      { from: 0, to: 8, label: "1 slow", shortLabel: "1" },
      { from: 8, to: 10, label: "2 storm", shortLabel: "2" },
    ];
    const labels = [...plotSvg({ ...plot, bands }, size).matchAll(/band-label"[^>]*>([^<]*)</g)].map(
      ([, text]) => text,
    );
    expect(labels).toEqual(["1 slow", "2"]);
  });

  test("draws limits and marks, with their labels", () => {
    const svg = plotSvg(
      { ...plot, limits: [{ y: 5, label: "halts above 5" }], marks: [{ x: 10, label: "halted" }] },
      size,
    );
    expect(svg).toContain('<line class="limit" x1="58" x2="258" y1="76" y2="76"/>');
    expect(svg).toContain('<line class="mark" x1="258" x2="258" y1="26" y2="126"/>');
    expect(svg).toMatch(/halts above 5<.*halted</);
  });
});

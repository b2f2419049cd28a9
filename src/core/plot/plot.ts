import { escapeMarkup } from "./markup.ts";
import { shareAlong, type Axis } from "./scale.ts";

/** One line of a plot. */
export type Series = {
  readonly name: string;
  /** Its colour and dashes, of those that `plotStyle` has. */
  readonly look: Look;
  /** How its points are joined: by straight lines, or by a level up to the next point. */
  readonly join: "straight" | "step";
  /** From left to right; a gap in the line is a new list. */
  readonly runs: readonly (readonly PlotPoint[])[];
};

export type PlotPoint = { readonly x: number; readonly y: number };
export type Look = "one" | "two" | "three" | "four";

/** What a plot shows: lines over two axes, and what is drawn into it. */
export type Plot = {
  readonly title: string;
  /** What a reader without eyes for it has to know. */
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Shaded shapes below the lines. */
  readonly areas?: readonly { readonly look: Look; readonly outline: readonly PlotPoint[] }[];
  /** Shaded ranges of x. The short label stands where the long one has no room. */
  readonly bands?: readonly {
    readonly from: number;
    readonly to: number;
    readonly label: string;
    readonly shortLabel: string;
  }[];
  /** Dashed lines across at a value of y. */
  readonly limits?: readonly { readonly y: number; readonly label: string }[];
  /** Lines from top to bottom at a value of x. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
};

/** Width and height in pixels. */
export type Size = { readonly width: number; readonly height: number };

const margin = { left: 58, right: 14, top: 26, bottom: 40 } as const;
/** Width of a character of a label, on average. */
const characterWidth = 6.4;

/** A single point would be no line. */
const dashWidth = 6;

/** Turns values into places of the drawing. */
type Frame = {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  x(value: number): number;
  y(value: number): number;
};

/** A plot as an SVG element, whose look `plotStyle` makes. */
export function plotSvg(plot: Plot, { width, height }: Size): string {
  const frame = frameOf(plot, { width, height });
  const { title, description } = plot;
  return [
    `<svg class="plot" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeMarkup(title)}</title><desc>${escapeMarkup(description)}</desc>`,
    ...bandsOf(plot, frame),
    ...axesOf(plot, frame),
    ...areasOf(plot, frame),
    ...limitsOf(plot, frame),
    ...plot.series.map((series) => lineOf(series, frame)),
    ...marksOf(plot, frame),
    "</svg>",
  ].join("");
}

function frameOf({ x, y }: Plot, { width, height }: Size): Frame {
  const [left, right, top, bottom] = [margin.left, width - margin.right, margin.top, height - margin.bottom];
  return {
    left,
    right,
    top,
    bottom,
    x: (value) => rounded(left + (right - left) * shareAlong(x, value)),
    y: (value) => rounded(bottom - (bottom - top) * shareAlong(y, value)),
  };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

function bandsOf({ bands = [] }: Plot, frame: Frame): string[] {
  return bands.map(({ from, to, label, shortLabel }, index) => {
    const [left, right] = [frame.x(from), frame.x(to)];
    const shown = [label, shortLabel, ""].find((text) => text.length * characterWidth + 4 <= right - left) ?? "";
    const box = `<rect class="band band-${index % 2}" x="${left}" y="${frame.top}" width="${rounded(right - left)}" height="${rounded(frame.bottom - frame.top)}"><title>${escapeMarkup(label)}</title></rect>`;
    return `${box}<text class="band-label" x="${rounded((left + right) / 2)}" y="${frame.top - 8}" text-anchor="middle">${escapeMarkup(shown)}</text>`;
  });
}

function axesOf({ x, y }: Plot, frame: Frame): string[] {
  const { left, right, top, bottom } = frame;
  return [
    ...y.ticks.map((value) => {
      const at = frame.y(value);
      const line = `<line class="grid" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/>`;
      return `${line}<text x="${left - 8}" y="${rounded(at + 4)}" text-anchor="end">${escapeMarkup(y.text(value))}</text>`;
    }),
    ...x.ticks.map((value) => {
      const at = frame.x(value);
      const line = `<line class="axis" x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 4}"/>`;
      // A label of the end of the axis would reach beyond the drawing.
      const place = at > right - 2 ? `x="${right + margin.right}" text-anchor="end"` : `x="${at}" text-anchor="middle"`;
      return `${line}<text ${place} y="${bottom + 17}">${escapeMarkup(x.text(value))}</text>`;
    }),
    `<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`,
    `<text class="axis-label" x="${right}" y="${bottom + 34}" text-anchor="end">${escapeMarkup(x.label)}</text>`,
    `<text class="axis-label" x="4" y="${top - 12}">${escapeMarkup(y.label)}</text>`,
  ];
}

function lineOf({ look, join, runs }: Series, frame: Frame): string {
  const paths = runs.map((points) => {
    const [first, ...others] = points.map(({ x, y }) => ({ x: frame.x(x), y: frame.y(y) }));
    if (first === undefined) return "";
    if (others.length === 0) return `M${first.x - dashWidth / 2} ${first.y}h${dashWidth}`;
    const steps = others.map(({ x, y }) => (join === "step" ? `H${x}V${y}` : `L${x} ${y}`));
    return `M${first.x} ${first.y}${steps.join("")}`;
  });
  return `<path class="line line-${look}" d="${paths.join("")}"/>`;
}

function areasOf({ areas = [] }: Plot, frame: Frame): string[] {
  return areas.map(({ look, outline }) => {
    const points = outline.map(({ x, y }) => `${frame.x(x)},${frame.y(y)}`);
    return `<polygon class="area area-${look}" points="${points.join(" ")}"/>`;
  });
}

function limitsOf({ limits = [] }: Plot, frame: Frame): string[] {
  return limits.map(({ y, label }) => {
    const at = frame.y(y);
    const line = `<line class="limit" x1="${frame.left}" x2="${frame.right}" y1="${at}" y2="${at}"/>`;
    return `${line}<text class="limit-label" x="${frame.right - 4}" y="${rounded(at - 5)}" text-anchor="end">${escapeMarkup(label)}</text>`;
  });
}

function marksOf({ marks = [] }: Plot, frame: Frame): string[] {
  return marks.map(({ x, label }, index) => {
    const at = frame.x(x);
    const line = `<line class="mark" x1="${at}" x2="${at}" y1="${frame.top}" y2="${frame.bottom}"/>`;
    const leftwards = at > (frame.left + frame.right) / 2;
    const side = leftwards ? `x="${at - 5}" text-anchor="end"` : `x="${at + 5}"`;
    return `${line}<text class="mark-label" ${side} y="${frame.top + 13 + 15 * index}">${escapeMarkup(label)}</text>`;
  });
}

/** The legend of a plot as HTML, with the line of each series as it is drawn. */
export function legendHtml(series: readonly Series[]): string {
  const entries = series.map(({ name, look }) => {
    const swatch = `<svg class="swatch" width="28" height="10" aria-hidden="true"><path class="line line-${look}" d="M1 5H27"/></svg>`;
    return `<li>${swatch}${escapeMarkup(name)}</li>`;
  });
  return `<ul class="legend">${entries.join("")}</ul>`;
}

/** How plots look, as CSS over the colours that a page sets: `--ink`, `--muted`, `--rule`, `--band`, `--alarm`, `--one` … `--four`. */
export const plotStyle = `
.plot{display:block;max-width:100%;height:auto;font:12px system-ui,sans-serif}
.plot text{fill:var(--muted)}
.plot .band-0{fill:var(--band)}
.plot .band-1{fill:var(--band);opacity:.45}
.plot .band-label{fill:var(--ink);font-weight:600}
.plot .grid{stroke:var(--rule)}
.plot .axis{stroke:var(--muted)}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.line-one{stroke:var(--one)}
.line-two{stroke:var(--two);stroke-dasharray:7 3}
.line-three{stroke:var(--three)}
.line-four{stroke:var(--four);stroke-dasharray:2 4}
.area{opacity:.22}
.area-one{fill:var(--one)}
.area-two{fill:var(--two)}
.area-three{fill:var(--three)}
.area-four{fill:var(--four)}
.plot .limit{stroke:var(--alarm);stroke-dasharray:6 5}
.plot .limit-label,.plot .mark-label{fill:var(--alarm);font-weight:600;paint-order:stroke;stroke:var(--page);stroke-width:3px}
.plot .mark{stroke:var(--alarm);stroke-width:1.5}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;margin:.4rem 0;padding:0;color:var(--muted);font-size:.875rem}
.swatch{margin-right:.45rem;vertical-align:middle}
`;

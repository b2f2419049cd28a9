import { describe, expect, test } from "vitest";
import { sectionsOf } from "../../../docs/.vitepress/contents.ts";
import { addressOf, anchorOf, targetOf } from "../../../docs/.vitepress/links.ts";

const pages = new Set([
  "docs/README.md",
  "docs/chaos.md",
  "docs/decisions/README.md",
  "plugins/envoy/README.md",
  "README.md",
]);
const content = { isPage: (file: string) => pages.has(file), isFile: (file: string) => file === "prices.yaml" };

test.each([
  ["docs/chaos.md", "chaos.md"],
  ["docs/README.md", "contents.md"],
  ["docs/decisions/README.md", "decisions/index.md"],
  ["README.md", "readme.md"],
  ["plugins/envoy/README.md", "plugins/envoy.md"],
])("%s is %s on the site", (page, address) => {
  expect(addressOf(page)).toBe(address);
});

describe("a link", () => {
  test.each([
    ["docs/README.md", "chaos.md#the-report", { kind: "page", href: "/chaos.md#the-report" }],
    ["docs/chaos.md", "../plugins/envoy/README.md", { kind: "page", href: "/plugins/envoy.md" }],
    ["plugins/envoy/README.md", "../../docs/chaos.md", { kind: "page", href: "/chaos.md" }],
    ["docs/decisions/README.md", "../README.md", { kind: "page", href: "/contents.md" }],
    ["docs/chaos.md", "../prices.yaml", { kind: "file", href: "/files/prices.yaml.txt", file: "prices.yaml" }],
    ["docs/chaos.md", "../src", { kind: "missing", file: "src" }],
  ])("of %s to %s leads to a page, a copy of a file, or nothing", (page, link, target) => {
    expect(targetOf(page, link, content)).toEqual(target);
  });
});

test("anchors are those of a git host", () => {
  expect(anchorOf("`port … is in use`: what's that?")).toBe("port--is-in-use-whats-that");
});

test("the navigation is the index of the docs: its sections, with the first link of each row", () => {
  const index = "# Documentation\n\n## Start\n\n| page | |\n| --- | --- |\n| [A](a.md) | and [B](b.md) |\n\n## Empty\n";
  expect(sectionsOf(index)).toEqual([
    { text: "Start", pages: [{ text: "A", link: "a.md" }] },
    { text: "Empty", pages: [] },
  ]);
});

import { copyFileSync, globSync, mkdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { defineConfig } from "vitepress";
import { sectionsOf } from "./contents.ts";
import { addressOf, anchorOf, targetOf, type Content } from "./links.ts";

const root = path.join(import.meta.dirname, "../..");
const pages = globSync(
  ["docs/**/*.md", "plugins/**/README.md", "bench/README.md", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"],
  { cwd: root, exclude: ["**/node_modules/**"] },
);
const content: Content = {
  isPage: (file) => pages.includes(file),
  isFile: (file) => statSync(path.join(root, file), { throwIfNoEntry: false })?.isFile() === true,
};
const description = "A proxy that stands in for your LLM provider: forwards, simulates, shadows or breaks each call.";

/** Files of the repository that pages lead to; they are copied as text. */
const files = new Set<string>();

function hrefOf(page: string, link: string): string {
  if (/^(?:[a-z]+:|[/#])/.test(link)) return link;
  const target = targetOf(page, link, content);
  if (target.kind === "missing") throw new Error(`${page}: the link ${link} leads to nothing: ${target.file}`);
  if (target.kind === "file") files.add(target.file);
  return target.href;
}

function sectionsIn(index: string): { text: string; items: { text: string; link: string }[] }[] {
  return sectionsOf(readFileSync(path.join(root, index), "utf8")).map(({ text, pages }) => ({
    text,
    items: pages.map((page) => ({ text: page.text, link: hrefOf(index, page.link) })),
  }));
}

const sections = sectionsIn("docs/README.md");

function withoutBraces(html = ""): string {
  return html.replaceAll("{{", "&#123;&#123;");
}

export default defineConfig({
  title: "Stuntdouble",
  description,
  lang: "en",
  srcDir: "..",
  srcExclude: globSync("**/*.md", { cwd: root, exclude: ["**/node_modules/**"] }).filter(
    (file) => !pages.includes(file),
  ),
  outDir: "../dist/docs",
  cacheDir: "../node_modules/.cache/vitepress",
  rewrites: Object.fromEntries(pages.map((page) => [page, addressOf(page)])),
  metaChunk: true,
  head: [
    ["link", { rel: "icon", href: "data:," }],
    // Tables and code of up to 130 columns need more than the width that the theme gives.
    ["style", {}, ":root{--vp-layout-max-width:1680px}.VPDoc .content-container{max-width:920px!important}"],
  ],
  vite: { build: { chunkSizeWarningLimit: 3000 } },
  markdown: {
    html: false,
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    anchor: { slugify: anchorOf },
    headers: { slugify: anchorOf },
    toc: { slugify: anchorOf },
    config(md) {
      md.core.ruler.before("normalize", "comments", (state) => {
        state.src = state.src.replaceAll(/^<!--.*-->$/gm, "");
      });
      // Vue would take two braces for an expression.
      const { text, code_inline: code } = md.renderer.rules;
      md.renderer.rules.text = (...args) => withoutBraces(text?.(...args));
      md.renderer.rules.code_inline = (...args) => withoutBraces(code?.(...args));
      md.core.ruler.push("links of the repository", ({ tokens, env }) => {
        const page = path.posix.relative(root, String(env.realPath ?? env.path));
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const link = token.type === "link_open" ? token.attrGet("href") : null;
          if (link !== null) token.attrSet("href", hrefOf(page, link));
        }
      });
    },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: sections.slice(0, 6).map(({ text, items }) => ({ text, items })),
    sidebar: sections.map((section, index) => ({ ...section, collapsed: index > 2 })),
  },
  buildEnd({ outDir }) {
    for (const file of files) {
      const copy = path.join(outDir, "files", `${file}.txt`);
      mkdirSync(path.dirname(copy), { recursive: true });
      copyFileSync(path.join(root, file), copy);
    }
  },
});

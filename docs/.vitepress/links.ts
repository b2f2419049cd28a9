import path from "node:path";

/** Where a link of a page leads on the site. */
export type Target =
  | { readonly kind: "page"; readonly href: string }
  | { readonly kind: "file"; readonly href: string; readonly file: string }
  | { readonly kind: "missing"; readonly file: string };

/** What the site has, by paths from the root of the repository. */
export type Content = {
  isPage(file: string): boolean;
  isFile(file: string): boolean;
};

/**
 * The address of a page of the site: pages of `docs/` at the top, a README of another folder under the name of its folder.
 *
 * @param page the path of a Markdown file from the root of the repository
 */
export function addressOf(page: string): string {
  if (page === "docs/README.md") return "contents.md";
  if (page === "README.md") return "readme.md";
  const below = page.replace(/^docs\//, "");
  if (below !== page) return below.replace(/README\.md$/, "index.md");
  return page.replace(/\/README\.md$/, ".md").toLowerCase();
}

/**
 * Where a relative link leads.
 *
 * @param page the file that has the link, from the root of the repository
 * @param link as it stands in the file, with its anchor
 */
export function targetOf(page: string, link: string, content: Content): Target {
  const [to = "", anchor] = link.split("#", 2);
  const file = to === "" ? page : path.posix.join(path.posix.dirname(page), to);
  const hash = anchor === undefined ? "" : `#${anchor}`;
  if (content.isPage(file)) return { kind: "page", href: `/${addressOf(file)}${hash}` };
  if (content.isFile(file)) return { kind: "file", href: `/files/${file}.txt`, file };
  return { kind: "missing", file };
}

/** The anchor of a heading, as git hosts make it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

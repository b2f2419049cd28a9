/** One section of the index of the docs. */
export type Section = {
  readonly text: string;
  readonly pages: readonly { readonly text: string; readonly link: string }[];
};

/**
 * The sections of the index, each with the pages that its table names: the first link of each row.
 *
 * @param markdown the text of `docs/README.md`
 */
export function sectionsOf(markdown: string): Section[] {
  return markdown.split(/^## /m).slice(1).map(sectionOf);
}

function sectionOf(text: string): Section {
  const [title = "", ...lines] = text.split("\n");
  const pages = lines.flatMap((line) => {
    const [, name, link] = /^\| *\[([^\]]+)\]\(([^)]+)\)/.exec(line) ?? [];
    return name === undefined || link === undefined ? [] : [{ text: name, link }];
  });
  return { text: title, pages };
}

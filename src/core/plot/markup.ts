const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text as text of HTML, SVG or XML, also within quotes, with control characters made visible. */
export function escapeMarkup(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/**
 * A text in which nothing acts: control characters, of terminals among them, are shown as their pictures; characters that
 * change the direction of a text, and those that XML cannot have, as �.
 */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, pictureOf)
    .replaceAll(/[\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/g, "\uFFFD");
}

function pictureOf(control: string): string {
  const code = control.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? "\u2421" : "\uFFFD";
}

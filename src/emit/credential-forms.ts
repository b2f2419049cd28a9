/** A part of a text, from its first character to the one after its last. */
export type TextRange = { readonly from: number; readonly to: number };

/**
 * One form in which credentials stand in a text.
 *
 * It is told by how it begins and by the first character that is not in it, each found by a search: one regular expression for all of it
 * would go back over a text of many megabytes character by character, for which its engine has no room.
 */
type Form = {
  readonly begins: RegExp;
  readonly ends: RegExp;
  /** Characters from where `begins` ends. */
  readonly least: number;
  /** Whether what `begins` finds is masked as well. */
  readonly whole?: true;
  /** What must end the credential, where that does not merely end before what `ends` finds. */
  readonly last?: (text: string, from: number, to: number) => number | undefined;
};

const privateKeyEnd = /-----END [A-Z ]{0,40}PRIVATE KEY-----/y;

const privateKey: Form = {
  begins: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----/g,
  ends: /-/g,
  least: 0,
  whole: true,
  last(text, _from, to) {
    privateKeyEnd.lastIndex = to;
    return privateKeyEnd.test(text) ? privateKeyEnd.lastIndex : undefined;
  },
};

/** user:password@ of a URL */
const inUrl: Form = {
  begins: /\/\//g,
  ends: /[/\s?#]/g,
  least: 0,
  last(text, from, to) {
    const at = text.slice(from, to).lastIndexOf("@");
    return at === -1 ? undefined : from + at;
  },
};

/** ?key=…&token=… of a URL */
const inQuery: Form = {
  begins: /[?&][\w.-]{0,256}(?:key|token|secret|signature|password)=/gi,
  ends: /[&\s"'#]/g,
  least: 1,
};

/** Keys as the providers write them. */
const providerKeys: readonly Form[] = [
  { begins: /\b(?:sk|pk|rk|gsk|xai|hf)[-_]/g, ends: /[^\w-]/g, least: 8, whole: true },
  { begins: /\bAIza/g, ends: /[^\w-]/g, least: 20, whole: true },
];

/** What can only be a credential, also in prose and beside the words of an API. */
export const byForm: readonly Form[] = [
  privateKey,
  inUrl,
  inQuery,
  { begins: /\b(?:bearer|basic)\s{1,256}/gi, ends: /[^\w.~+/=-]/g, least: 20 },
  ...providerKeys,
];

/** The same, and what stands beside a name such as `token`. */
export const inText: readonly Form[] = [
  privateKey,
  inUrl,
  inQuery,
  // the rest of a header line: these values hold blanks
  {
    begins: /\b(?:(?:proxy-)?authorization|(?:set-)?cookie)["']?\s{0,256}[:=]\s{0,256}["']?/gi,
    ends: /["'\r\n}]/g,
    least: 1,
  },
  { begins: /\bbearer\s{1,256}/gi, ends: /[^\w.~+/=-]/g, least: 1 },
  { begins: /\bBasic\s{1,256}/g, ends: /[^\w+/=-]/g, least: 1 },
  {
    begins: /(?:api[-_]?key|token|password|secret)["']?\s{0,256}[:=]\s{0,256}["']?/gi,
    ends: /[\s"',;}&]/g,
    least: 1,
  },
  ...providerKeys,
];

/** Where a form stands in a text, in order; none overlaps another. */
export function rangesOf(form: Form, text: string): TextRange[] {
  const { begins, ends, least, whole, last } = form;
  const found: TextRange[] = [];
  begins.lastIndex = 0;
  for (let begin = begins.exec(text); begin !== null; begin = begins.exec(text)) {
    const from = begins.lastIndex;
    ends.lastIndex = from;
    const end = ends.exec(text)?.index ?? text.length;
    const to = last === undefined ? end : last(text, from, end);
    if (to === undefined || to - from < least) {
      begins.lastIndex = begin.index + 1;
      continue;
    }
    found.push({ from: whole === true ? begin.index : from, to });
    begins.lastIndex = to;
  }
  return found;
}

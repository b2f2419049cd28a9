/** The member of `baggage` that carries what the control header says. */
const controlMember = "stuntdouble";

/** One member as it stands in the header: from its first character, the blanks around it included, to the comma behind it. */
type Member = { readonly from: number; readonly to: number; readonly value: string };

const own = new RegExp(`^[ \\t]*${controlMember}[ \\t]*=[ \\t]*`);
const quoted = /^"((?:[^"\\]|\\.)*)"/;

/**
 * What our member of a `baggage` header says; that of several together.
 *
 * A value in quotes stands as it is, but for `\"` and `\\`; any other is percent-decoded.
 *
 * @returns undefined where there is none
 * @see https://www.w3.org/TR/baggage/#header-content
 */
export function readBaggage(header: string): string | undefined {
  const values = membersOf(header).map(({ value }) => value);
  return values.length === 0 ? undefined : values.join(", ");
}

/**
 * The header without our member; all others stay byte for byte.
 *
 * @returns undefined where nothing is left
 */
export function withoutBaggage(header: string): string | undefined {
  const members = membersOf(header);
  if (members.length === 0) return header;
  let rest = "";
  let from = 0;
  for (const member of members) {
    rest += header.slice(from, member.from);
    from = member.to;
  }
  rest += header.slice(from);
  // The comma before the last member has nothing behind it.
  if (from >= header.length && rest.endsWith(",")) rest = rest.slice(0, -1);
  return rest.trim() === "" ? undefined : rest.trimStart();
}

/** Our members. Only they may have commas in quotes: what others put into theirs is not ours to understand. */
function membersOf(header: string): Member[] {
  if (!header.includes(controlMember)) return [];
  const found: Member[] = [];
  for (let from = 0; from < header.length;) {
    const name = own.exec(header.slice(from));
    const at = from + (name?.[0].length ?? 0);
    const inQuotes = name === null ? null : quoted.exec(header.slice(at));
    const comma = header.indexOf(",", at + (inQuotes?.[0].length ?? 0));
    const to = comma === -1 ? header.length : comma + 1;
    if (name !== null) {
      const raw = header.slice(at, comma === -1 ? header.length : comma);
      found.push({ from, to, value: inQuotes === null ? plainValue(raw) : unescaped(inQuotes[1] ?? "") });
    }
    from = to;
  }
  return found;
}

/** What stands before the properties of a member, decoded; a library may have encoded the quotes, too. */
function plainValue(raw: string): string {
  const value = decoded((raw.split(";")[0] ?? "").trim());
  const inQuotes = quoted.exec(value);
  return inQuotes !== null && inQuotes[0].length === value.length ? unescaped(inQuotes[1] ?? "") : value;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (error) {
    if (error instanceof URIError) return value;
    throw error;
  }
}

function unescaped(value: string): string {
  return value.replaceAll(/\\(.)/g, "$1");
}

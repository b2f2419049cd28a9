/** What a form sent, by the names of its fields. */
export function mapOf(body: unknown): Readonly<Partial<Record<string, string>>> {
  return body instanceof URLSearchParams ? Object.fromEntries(body) : {};
}

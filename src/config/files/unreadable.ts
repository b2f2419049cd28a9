/** Why a file cannot be read, in words. */
export function unreadable(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
  return code === "ENOENT" ? "no such file" : `it cannot be read (${code})`;
}

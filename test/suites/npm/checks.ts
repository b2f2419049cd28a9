/** Where the server is; see `python/checks.py` for what its rules answer by the end of a model's name. */
export const url = process.env["STUNTDOUBLE_URL"] ?? "";

export const prompt = "Say this is a test";

/** Runs a check and prints a line of JSON for it: it fails if the function throws. */
export async function check(name: string, body: () => Promise<void>): Promise<void> {
  const detail = await body().then(
    () => "",
    (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  );
  console.log(JSON.stringify({ check: name, ok: detail === "", detail }));
}

/** Fails for a text that is empty. */
export function some(text: string): void {
  if (text.trim() === "") throw new Error("no text");
}

/** What a call throws. @throws when it does not, or when the status of the error is another */
export async function throws(call: () => Promise<unknown>, status?: number): Promise<void> {
  const error: unknown = await call().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof Error)) throw new Error("threw nothing");
  const seen: unknown = Reflect.get(error, "statusCode") ?? Reflect.get(error, "status");
  if (status !== undefined && seen !== status) throw new Error(`status ${String(seen)} of ${error.name}`);
}

import { isIP } from "node:net";
import { z } from "zod";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A time that something may take at most, in milliseconds. */
export const timeoutMs = z.int().min(1).max(86_400_000);

/** The name of an environment variable. */
export const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable");

/** The SHA-256 of a secret. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits");

/** A secret as it is meant: files and shells add line ends and blanks around it. */
export function secretOf(text: string): string {
  return text.trim();
}

/** Why a text is no secret that a header can carry; undefined where it is one. */
export function secretProblem(text: string): string | undefined {
  const secret = secretOf(text);
  if (secret === "") return "is empty";
  return /^[\x20-\x7e]+$/.test(secret) ? undefined : "has a character that no header can carry, such as a line end";
}

/** An IP address, or a range of them. */
export const addressRange = z
  .string()
  .refine(isAddressRange, "must be an IP address or a CIDR range such as 10.0.0.0/8");

function isAddressRange(text: string): boolean {
  const [address = "", bits, ...others] = text.split("/");
  const family = isIP(address);
  if (family === 0 || others.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Max size of the head of a request or response, in bytes; Envoy's default. */
export const headBytes = z.int().min(1024).max(1_048_576).default(61_440);
/** Finds what is wrong with the base URL of an upstream. */
export function checkUrl(context: z.core.ParsePayload<string>): void {
  const problem = urlProblem(context.value);
  if (problem !== undefined) context.issues.push({ code: "custom", message: problem, input: context.value });
}

function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "must be a URL such as https://api.example.com";
  const { protocol, username, password, search, hash } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:") return "must begin with http:// or https://";
  if (username !== "" || password !== "")
    return "must not contain credentials; name an environment variable in apiKeyEnv";
  return search === "" && hash === "" ? undefined : "must not have a query or a fragment";
}

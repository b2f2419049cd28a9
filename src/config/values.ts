import { z } from "zod";

/** A time that something may take at most, in milliseconds. */
export const timeoutMs = z.int().min(1).max(86_400_000);

/** The name of an environment variable. */
export const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable");

/** The SHA-256 of a secret. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits");

import type { Environment } from "../../config/values.ts";
import { mask, redactForms, redactText } from "../../emit/redact.ts";

const pem = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?-----END [A-Z ]{0,40}PRIVATE KEY-----/g;

/**
 * The text of a configuration with every credential masked: those in the forms that the log masks, and the values of the environment
 * variables that it names. Its lines keep their numbers.
 */
export function withoutSecrets(text: string, env: Environment): string {
  const values = Object.values(env).filter((value) => value !== undefined);
  const whole = text.replaceAll(pem, (key) => mask + "\n".repeat(key.split("\n").length - 1));
  return whole
    .split("\n")
    .map((line) => redactText(redactForms(line, values)))
    .join("\n");
}

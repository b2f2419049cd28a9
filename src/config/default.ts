import { configSchema, type Config } from "./schema.ts";

/**
 * The configuration without a file: everything is simulated, and callers may use the control header, because
 * there is no real provider behind it.
 */
export function defaultConfig(): Config {
  return configSchema.parse({ control: { enabled: true } });
}

import { configSchema, type Config } from "./schema.ts";

/**
 * The configuration without a file: everything is simulated, and callers may steer it by the control header, because
 * nothing real stands behind it.
 */
export function defaultConfig(): Config {
  return configSchema.parse({ control: { enabled: true } });
}

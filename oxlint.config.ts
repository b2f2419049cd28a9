import { defineConfig, type OxlintOverride } from "oxlint";

/**
 * Which rooms of `src/` the files of a room may import, besides those of their own.
 *
 * The arrows go one way: `main, cli → node → admin, ingress → act → limits → core`, and `node → fleet → limits`.
 */
const imports = {
  core: [],
  config: ["core"],
  emit: ["core"],
  limits: ["core"],
  fleet: ["limits", "core"],
  act: ["limits", "core"],
  ingress: ["act", "limits", "core"],
  admin: ["act", "limits", "core"],
  node: ["admin", "ingress", "act", "fleet", "limits", "config", "emit", "core"],
  cli: ["node", "admin", "ingress", "act", "fleet", "limits", "config", "emit", "core"],
  testing: ["node", "act", "limits", "config", "emit", "core"],
} as const;

type Room = keyof typeof imports;

const rooms = Object.keys(imports) as Room[];

function fence(room: Room): OxlintOverride {
  const allowed: readonly string[] = imports[room];
  const others = rooms.filter((other) => other !== room && !allowed.includes(other));
  const group = [...others.map((other) => `**/${other}/**`), "**/main.ts", ...(room === "core" ? ["node:*"] : [])];
  const message = allowed.length === 0 ? `${room} imports only ${room}` : `${room} imports only ${allowed.join(", ")}`;
  return {
    files: [`src/${room}/**`],
    rules: { "no-restricted-imports": ["error", { patterns: [{ group, message }] }] },
  };
}

export default defineConfig({
  plugins: ["typescript", "import", "unicorn", "promise", "vitest"],
  jsPlugins: ["./lint/plugin.ts"],
  categories: { correctness: "error", suspicious: "error", perf: "error" },
  rules: {
    "max-lines": ["error", { max: 300 }],
    "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
    "max-depth": ["error", 4],
    "max-params": ["error", 3],
    complexity: ["error", 20],
    "no-empty": ["error", { allowEmptyCatch: false }],
    eqeqeq: "error",
    "no-console": "error",
    "no-var": "error",
    "prefer-const": "error",
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "import/no-unassigned-import": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": "error",
    "no-await-in-loop": "off",
    "no-shadow": "off",
    "no-underscore-dangle": ["error", { allow: ["_destroy"] }],
    "unicorn/no-array-sort": "off",
    "typescript/no-unsafe-type-assertion": "off",
    "unicorn/consistent-function-scoping": "off",
    "unicorn/require-post-message-target-origin": "off",
    "typescript/unbound-method": "off",
    "typescript/consistent-return": "off",
  },
  overrides: [
    ...rooms.map(fence),
    {
      files: ["src/core/**"],
      rules: {
        "no-restricted-globals": [
          "error",
          "setTimeout",
          "setInterval",
          "setImmediate",
          "performance",
          "process",
          "Buffer",
        ],
        "no-restricted-properties": [
          "error",
          { object: "Math", property: "random" },
          { object: "Date", property: "now" },
        ],
        "house/no-current-date": "error",
      },
    },
    {
      files: ["test/**", "bench/**"],
      rules: {
        "max-lines-per-function": "off",
        "max-lines": "off",
        "max-params": ["error", 4],
        "no-console": "off",
        complexity: "off",
        "vitest/no-conditional-expect": "off",
        "vitest/no-conditional-tests": "off",
        "vitest/valid-title": "off",
        "vitest/valid-describe-callback": "off",
        "vitest/no-disabled-tests": "off",
        "vitest/expect-expect": [
          "error",
          {
            assertFunctionNames: [
              "expect",
              "expectTypeOf",
              "until",
              "node.idle",
              "check",
              "holds",
              "fc.assert",
              "expect*",
            ],
          },
        ],
      },
    },
  ],
});

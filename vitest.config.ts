import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/closing-reporter.ts"],
    maxWorkers: 2,
    projects: ["unit", "property", "contract", "integration"].map((name) => ({
      test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: name === "integration" ? 60_000 : 20_000 },
    })),
  },
});

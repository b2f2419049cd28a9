import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/closing-reporter.ts"],
    maxWorkers: 2,
    projects: ["unit", "property", "contract", "integration", "browser"].map((name) => ({
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        setupFiles: name === "integration" ? ["./test/support/admin/responses.ts"] : [],
        testTimeout: ["integration", "browser"].includes(name) ? 60_000 : 20_000,
      },
    })),
  },
});

import type { Reporter, TestModule } from "vitest/node";

/** Closes a run: which programs were missing and how many tests that skipped, then the count of tests in one plain line. */
export default class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const missing = new Map<string, number>();
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      if (module.state() === "failed" && [...module.children.allTests("failed")].length === 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state] += 1;
        const program = state === "skipped" ? /\[missing: ([^\]]+)\]/.exec(test.fullName)?.[1] : undefined;
        if (program !== undefined) missing.set(program, (missing.get(program) ?? 0) + 1);
      }
    }
    if (missing.size > 0) {
      const list = [...missing].map(([program, tests]) => `${program} (${tests} tests)`).join(", ");
      console.log(`\nSkipped because a program is missing: ${list}. Install it and run again.`);
    }
    console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`);
  }
}

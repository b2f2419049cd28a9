import type { Reporter, TestModule } from "vitest/node";

/** Says in one line at the end which programs were missing, and how many tests were skipped for that. */
export default class MissingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const missing = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests("skipped")) {
        const program = /\[missing: ([^\]]+)\]/.exec(test.fullName)?.[1];
        if (program !== undefined) missing.set(program, (missing.get(program) ?? 0) + 1);
      }
    }
    if (missing.size === 0) return;
    const list = [...missing].map(([program, tests]) => `${program} (${tests} tests)`).join(", ");
    console.log(`\nSkipped because a program is missing: ${list}. Install it and run again.`);
  }
}

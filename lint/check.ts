import path from "node:path";
import { budget } from "./budget.ts";
import { problemsOf } from "./house.ts";

const problems = problemsOf(path.join(import.meta.dirname, ".."), budget);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

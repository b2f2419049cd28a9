import { parentPort, workerData } from "node:worker_threads";
import { judge, type Judging } from "../core/shadow/judge.ts";

// Whoever starts the thread gives it nothing else.
const asked: Judging = workerData;
parentPort?.postMessage(judge(asked));

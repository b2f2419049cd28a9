import { parentPort, workerData } from "node:worker_threads";
import { createCallNumbers, type NumberMemory } from "../../../src/limits/clients/call-numbers.ts";

/** How many calls a thread numbers, and where. */
export type Task = { readonly memory: NumberMemory; readonly worker: number; readonly calls: number };

const { memory, worker, calls }: Task = workerData;
const numbers = createCallNumbers(memory, worker, () => 1000);
parentPort?.postMessage(Array.from({ length: calls }, () => numbers.next("rule", undefined, 0)));

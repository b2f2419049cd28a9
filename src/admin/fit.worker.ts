import { parentPort, workerData } from "node:worker_threads";
import { fitProfile } from "../core/fit/fit.ts";
import { recordObservation } from "../core/fit/sources/records.ts";
import type { Fitting } from "./fit.ts";

// Whoever starts the thread gives it nothing else.
const { records, options }: Fitting = workerData;
const calls = records.flatMap((record) => recordObservation({ ...record }, "real") ?? []);
const description = `Fitted to ${calls.length} calls of ${options.models.join(", ")}`;
parentPort?.postMessage(fitProfile(calls, { ...options, description, source: "the records of a node" }));

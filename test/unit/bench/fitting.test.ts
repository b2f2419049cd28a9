import { expect, test } from "vitest";
import { curvePoints } from "../../../bench/truth/fitting.ts";

/** SemiAnalysisAI/InferenceX, gpt-oss-120b on 16 GPUs, published results of 2026-04-28. */
const gptOss = `concurrency,ttft_p50_ms,ttft_p90_ms,ttft_p99_ms,itl_p50_ms,itl_p99_ms,itl_p999_ms
4,124,798,988,8.4,8.5,9.7
8,112,256,312,8.5,8.8,10.0
32,140,762,1554,10.4,11.2,13.6
128,168,1269,1515,14.9,18.7,22.1
256,215,1051,1579,17.8,30.4,41.3
`;

test("the profiles of dedicated servers are within 15 % of every point of the load curves that were published", () => {
  const points = curvePoints(gptOss);
  expect(points).toHaveLength(40);
  expect(points.filter(({ measured, simulated }) => Math.abs(simulated / measured - 1) > 0.15)).toEqual([]);
});

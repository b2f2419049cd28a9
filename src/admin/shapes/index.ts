import type { z } from "zod";
import { experimentSchema } from "../../core/experiments/definition.ts";
import { faultSchema } from "../../core/faults/index.ts";
import { matchSchema } from "../../core/match.ts";
import { givenSchema } from "../replies/given.ts";
import { call, record } from "./calls.ts";
import { clientVerdict, experimentReport, experimentRun } from "./experiments.ts";
import { liveState } from "./live.ts";
import { budgetUse, learnedModel, nodeList, nodeStatus, profile } from "./node.ts";
import { shadowReport, shadowVerdict } from "./shadow.ts";

type Named = Readonly<Record<string, z.ZodType>>;

const sent: Named = {
  Fault: faultSchema,
  Match: matchSchema,
  Experiment: experimentSchema,
  Call: call,
  Record: record,
  Status: nodeStatus,
  Run: experimentRun,
  ExperimentReport: experimentReport,
  ClientVerdict: clientVerdict,
  ShadowReport: shadowReport,
  ShadowVerdict: shadowVerdict,
  BudgetUse: budgetUse,
  LearnedModel: learnedModel,
  Profile: profile,
  Nodes: nodeList,
  Live: liveState,
};

const taken: Named = {
  NewFault: faultSchema,
  NewMatch: matchSchema,
  NewExperiment: experimentSchema,
  NewReply: givenSchema,
};

/** Schemas that have a name in the OpenAPI document; all others stand where they are used. */
export const namedShapes = { sent, taken };

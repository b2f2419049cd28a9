import { attempt, StuntdoubleError } from "../../errors.ts";
import { filtered, filteredResponse, plain, withPromptEvent } from "./response.ts";
import { quotaHeaders, renderFailure, renderFailureEvent } from "./errors.ts";
import { below } from "../openai/compatible.ts";
import { contextExceeded } from "../openai/context.ts";
import { openai } from "../openai/index.ts";
import { keepAlive } from "../openai/keep-alive.ts";
import { queryValue } from "../shared/target.ts";
import type { Relative } from "../relative.ts";
import type { Ask, Dialect, OpenRequest, Opened, Operation } from "../types.ts";

const prefix = "/openai";
const version = "/v1";
const deploymentPath = /^\/openai\/deployments\/([^/?]+)(\/[^?]+)/;
/** What the content filter looks at, by operation. */
const relatives: Readonly<Record<string, Relative>> = {
  chat: filtered,
  completions: filtered,
  responses: filteredResponse,
};
const deployable = new Set(["chat", "completions", "embeddings", "responses", "input_tokens", "compact"]);
/** Operations that the older paths have besides those of a deployment. */
const ofResources = new Set(["models", "responses", "input_tokens", "compact", "conversations"]);
/** Where models of all makers are, and what is there. @see https://learn.microsoft.com/azure/ai-foundry/model-inference */
const inferencePrefix = "/models";
const ofInference = new Set(["chat", "embeddings"]);
/** Some servers that speak OpenAI's API have more paths, which Azure has not. */
const own = openai.operations.filter(({ route }) => route.startsWith(`${version}/`));
/** Operations of a deployment, by the path below it. */
const ofDeployment: ReadonlyMap<string, readonly Operation[]> = new Map(
  own
    .filter(({ name }) => deployable.has(name))
    .map((operation) => [operation.route.slice(version.length), [deployed(operation)]]),
);

// Not by openaiCompatible: it has two families of paths, one with a version, and what it adds depends on the operation.
/** Azure OpenAI: the OpenAI API below other paths. @see https://learn.microsoft.com/azure/ai-foundry/openai/reference */
export const azure: Dialect = {
  name: "azure",
  operations: [
    ...own.map(belowPrefix),
    ...own.filter(({ name }) => ofResources.has(name)).map((each) => ofResource(each, prefix)),
    ...own.filter(({ name }) => ofInference.has(name)).map((each) => ofResource(each, inferencePrefix)),
  ],
  operationsAt(path) {
    const below = deploymentPath.exec(path)?.[2];
    if (below !== undefined) return ofDeployment.get(below) ?? namedAt(version + below, deployable).map(deployed);
    if (!path.startsWith(`${prefix}/`)) return [];
    const rest = path.slice(prefix.length);
    if (rest.startsWith(`${version}/`)) return (openai.operationsAt?.(rest) ?? []).map(belowPrefix);
    return namedAt(version + rest, ofResources).map((each) => ofResource(each, prefix));
  },
  claims: (path) => path.startsWith(`${prefix}/`) || path.startsWith(`${inferencePrefix}/`),
  requestIdHeader: "x-request-id",
  credential: (apiKey) => ["api-key", apiKey],
  failure: renderFailure,
  failureEvent: renderFailureEvent,
  quotaHeaders,
  readStream: openai.readStream,
  keepAlive,
  readUsage: openai.readUsage,
  members: openai.members,
  contextExceeded,
};

/** An operation of `/openai/v1`, which needs no `api-version`. */
function belowPrefix(operation: Operation): Operation {
  return below(prefix, operation, (opened) => asAzure(operation.name, opened));
}

/** Operations of a path of OpenAI's that holds a name, of those given. */
function namedAt(path: string, names: ReadonlySet<string>): readonly Operation[] {
  return (openai.operationsAt?.(path) ?? []).filter(({ name }) => names.has(name));
}

/** An operation of the paths with a version of the API and without a deployment. */
function ofResource(operation: Operation, before: string): Operation {
  const { name, method } = operation;
  const toOpenai = (path: string): string => version + path.slice(before.length);
  return {
    name,
    method,
    route: before + operation.route.slice(version.length),
    open: (request) =>
      versioned(request, asAzure(name, operation.open({ ...request, target: toOpenai(request.target) }))),
  };
}

/** An operation of one deployment, whose name is the model where the body names none. */
function deployed(operation: Operation): Operation {
  const { name, method, route } = operation;
  return {
    name,
    method,
    route: `${prefix}/deployments/{deployment}${route.slice(version.length)}`,
    modelIn: (target) => attempt(() => deploymentIn(target)),
    open(request) {
      const model = deploymentIn(request.target);
      const query = request.target.slice(deploymentPath.exec(request.target)?.[0].length);
      return versioned(request, asAzure(name, operation.open({ ...request, model, target: route + query })));
    },
  };
}

function deploymentIn(target: string): string {
  const encoded = deploymentPath.exec(target)?.[1] ?? "";
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw new StuntdoubleError("BODY_INVALID", "The name of the deployment in the path is not correctly encoded.", {
      cause,
      param: "model",
    });
  }
}

/** Azure knows no path without a version of its API. */
function versioned({ target }: OpenRequest, { facts, ask }: Opened): Opened {
  return {
    facts,
    ask(settings) {
      if (queryValue(target, "api-version")) return ask(settings);
      throw new StuntdoubleError("NOT_FOUND", "Resource not found");
    },
  };
}

function asAzure(name: string, { facts, ask }: Opened): Opened {
  const relative = relatives[name] ?? plain;
  return {
    facts,
    ask(settings) {
      const asked = ask(settings);
      const write: Ask["write"] = (script) => asked.write({ ...script, relative });
      return {
        ...asked,
        write: relative === filtered && asked.stream ? (script) => withPromptEvent(write(script)) : write,
      };
    },
  };
}

import { StuntdoubleError } from "../../errors.ts";
import { filtered, plain, withPromptEvent } from "./response.ts";
import { quotaHeaders, renderFailure, renderFailureEvent } from "./errors.ts";
import { below } from "../openai/compatible.ts";
import { openai } from "../openai/index.ts";
import { queryValue } from "../shared/target.ts";
import type { Ask, Dialect, OpenRequest, Opened, Operation } from "../types.ts";

const prefix = "/openai";
const deploymentPath = /^\/openai\/deployments\/([^/?]+)(\/[^?]+)/;
/** Operations whose texts go through the content filter. */
const filterable = new Set(["chat", "completions"]);
const deployable = new Set(["chat", "completions", "embeddings"]);
/** Operations of a deployment, by the path below it. */
const ofDeployment: ReadonlyMap<string, readonly Operation[]> = new Map(
  openai.operations
    .filter(({ name }) => deployable.has(name))
    .map((operation) => [operation.route.slice("/v1".length), [deployed(operation)]]),
);

// Not by openaiCompatible: it has two families of paths, one with a version, and what it adds depends on the operation.
/** Azure OpenAI: the OpenAI API below other paths. @see https://learn.microsoft.com/azure/ai-foundry/openai/reference */
export const azure: Dialect = {
  name: "azure",
  operations: [
    ...openai.operations.filter(isOpenai).map(belowPrefix),
    ...openai.operations.filter(isModels).map(ofResource),
  ],
  operationsAt(path) {
    const below = deploymentPath.exec(path)?.[2];
    if (below !== undefined) return ofDeployment.get(below) ?? [];
    if (!path.startsWith(`${prefix}/v1/`)) return [];
    return (openai.operationsAt?.(path.slice(prefix.length)) ?? []).map(belowPrefix);
  },
  claims: (path) => path.startsWith(`${prefix}/`),
  requestIdHeader: "x-request-id",
  credential: (apiKey) => ["api-key", apiKey],
  failure: renderFailure,
  failureEvent: renderFailureEvent,
  quotaHeaders,
  readStream: openai.readStream,
  readUsage: openai.readUsage,
};

/** An operation of `/openai/v1`, which needs no `api-version`. */
function belowPrefix(operation: Operation): Operation {
  return below(prefix, operation, (opened) => asAzure(operation.name, opened));
}

/** Some servers that speak OpenAI's API have more paths, which Azure has not. */
function isOpenai({ route }: Operation): boolean {
  return route.startsWith("/v1/");
}

function isModels({ route }: Operation): boolean {
  return route === "/v1/models";
}

/** The list of models of the older paths. */
function ofResource(operation: Operation): Operation {
  const { name, method } = operation;
  const route = `${prefix}/models`;
  return { name, method, route, open: (request) => versioned(request, asAzure(name, operation.open(request))) };
}

/** An operation of one deployment, whose name is the model where the body names none. */
function deployed(operation: Operation): Operation {
  const { name, method, route } = operation;
  return {
    name,
    method,
    route: `${prefix}/deployments/{deployment}${route.slice("/v1".length)}`,
    open(request) {
      const model = deploymentIn(request.target);
      return versioned(request, asAzure(name, operation.open({ ...request, model, target: route })));
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
    ask() {
      if (queryValue(target, "api-version")) return ask();
      throw new StuntdoubleError("NOT_FOUND", "Resource not found");
    },
  };
}

function asAzure(name: string, { facts, ask }: Opened): Opened {
  const relative = filterable.has(name) ? filtered : plain;
  return {
    facts,
    ask() {
      const asked = ask();
      const write: Ask["write"] = (script) => asked.write({ ...script, relative });
      return {
        ...asked,
        write: relative === filtered && asked.stream ? (script) => withPromptEvent(write(script)) : write,
      };
    },
  };
}

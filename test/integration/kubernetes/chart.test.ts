import { readFileSync, globSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { runIn } from "../../support/io.ts";
import { findHelm, renderChart, runHelm, type Values } from "../../support/kubernetes/helm.ts";
import { objectsIn, problemsOf, type KubernetesObject } from "../../support/kubernetes/objects.ts";
import { describeWith } from "../../support/programs/missing.ts";

describe("the examples of Kubernetes", () => {
  test.each(["sidecar.yaml", "sidecar-injection.yaml"])("%s is valid", (name) => {
    const objects = objectsIn(readFileSync(`charts/examples/${name}`, "utf8"));
    expect(objects.length).toBeGreaterThan(1);
    expect(objects.flatMap(problemsOf)).toEqual([]);
  });

  test("the sidecar's configuration is one", async () => {
    const [config] = objectsIn(readFileSync("charts/examples/sidecar.yaml", "utf8"));
    const text = config?.data?.["stuntdouble.yaml"] ?? "";
    expect(await runIn({ "c.yaml": text }, ["check", "c.yaml"])).toMatchObject({ code: 0 });
  });

  test("an object with a property that Kubernetes does not know is a problem", () => {
    const object = { apiVersion: "v1", kind: "Service", metadata: { name: "x" }, spec: { portz: [] } };
    expect(problemsOf(object)).toEqual([expect.stringContaining("portz")]);
  });
});

/** One option each, with what it must change. */
const options: readonly [title: string, values: Values, expected: readonly string[]][] = [
  ["another name", { fullnameOverride: "stand-in" }, ["name: stand-in\n"]],
  [
    "an image by digest",
    { image: { digest: `sha256:${"a".repeat(64)}` } },
    [`stuntdouble:0.1.0@sha256:${"a".repeat(64)}`],
  ],
  [
    "another tag and secrets to pull it",
    { image: { tag: "1.2.3" }, imagePullSecrets: [{ name: "r" }] },
    [":1.2.3", "imagePullSecrets"],
  ],
  ["ext_proc", { extProc: true }, ["port: 8082", "containerPort: 8082", "name: grpc-ext-proc"]],
  ["a ConfigMap of one's own", { existingConfigMap: "own" }, ["configMap: { name: own }"]],
  ["a Secret of one's own", { secret: { existing: "keys" } }, ["secretRef: { name: keys }"]],
  [
    "a Secret of the chart",
    { secret: { data: { OPENAI_API_KEY: "k" } } },
    ["kind: Secret", "secretRef: { name: llm-stuntdouble }"],
  ],
  [
    "an admin token",
    { adminToken: { secretName: "admin" } },
    ["tokenEnv: STUNTDOUBLE_ADMIN_TOKEN", "secretKeyRef: { name: admin, key: token }"],
  ],
  ["environment variables", { env: [{ name: "HTTPS_PROXY", value: "http://p:3128" }] }, ["HTTPS_PROXY"]],
  [
    "a published Service",
    { service: { type: "LoadBalancer", port: 80, annotations: { a: "b" } } },
    ["type: LoadBalancer", "port: 80,"],
  ],
  ["a fixed number of nodes", { autoscaling: { enabled: false }, replicas: 5 }, ["replicas: 5\n"]],
  ["a budget in percent", { podDisruptionBudget: { maxUnavailable: "20%" } }, ["maxUnavailable: 20%"]],
  [
    "no budget, spread and policy",
    { podDisruptionBudget: { enabled: false }, topologySpread: { enabled: false }, networkPolicy: { enabled: false } },
    [],
  ],
  ["a strict spread", { topologySpread: { whenUnsatisfiable: "DoNotSchedule" } }, ["whenUnsatisfiable: DoNotSchedule"]],
  [
    "a policy with a way to Redis",
    { networkPolicy: { egress: [{ ports: [{ port: 6379 }] }], from: [] } },
    ["port: 6379"],
  ],
  [
    "a ServiceMonitor",
    { serviceMonitor: { enabled: true, labels: { release: "p" } } },
    ["kind: ServiceMonitor", "release: p"],
  ],
  [
    "a ServiceMonitor with the admin token",
    { serviceMonitor: { enabled: true }, adminToken: { secretName: "admin" } },
    ["credentials: { name: admin, key: token }"],
  ],
  ["scaling rules", { prometheusRule: { enabled: true } }, ["kind: PrometheusRule", "stuntdouble:scale_by_p99:ratio"]],
  [
    "autoscaling by Prometheus",
    { prometheusRule: { enabled: true }, autoscaling: { source: "prometheus" } },
    ["stuntdouble_scale_by_permits"],
  ],
  [
    "autoscaling with a band",
    { autoscaling: { tolerance: true } },
    ['tolerance: "0.5"', 'tolerance: "0.2"', "averageUtilization: 50"],
  ],
  ["a time to stop", { terminationGracePeriodSeconds: 300 }, ["terminationGracePeriodSeconds: 300"]],
  [
    "places to run",
    {
      nodeSelector: { a: "b" },
      tolerations: [{ key: "llm", operator: "Exists" }],
      affinity: { podAffinity: {} },
      priorityClassName: "high",
    },
    ["priorityClassName: high", "tolerations:", "nodeSelector:", "affinity:"],
  ],
  [
    "labels and annotations",
    { podLabels: { a: "b" }, podAnnotations: { c: "d" }, serviceAccount: { annotations: { e: "f" } } },
    ["a: b", "c: d", "e: f"],
  ],
];

const refused: readonly [title: string, values: Values, said: RegExp][] = [
  ["an unknown value", { replicaCount: 3 }, /replicaCount/],
  ["an unknown value inside another", { image: { name: "x" } }, /image.*name/s],
  ["a port of the chart", { config: { listen: { port: 80 } } }, /listen/],
  ["a token besides adminToken", { config: { admin: { tokenEnv: "T" } } }, /admin/],
  ["no node at all", { replicas: 0 }, /replicas/],
  ["a budget of 0", { podDisruptionBudget: { maxUnavailable: 0 } }, /maxUnavailable/],
  ["a number as a text", { service: { port: "80" } }, /port/],
  ["CPU that is no number", { resources: { requests: { cpu: "two" } } }, /cpu/],
  ["a digest that is none", { image: { digest: "sha256:12" } }, /digest/],
  ["an unknown source of autoscaling", { autoscaling: { source: "keda" } }, /source/],
  [
    "a smaller maximum than minimum",
    { autoscaling: { minReplicas: 60 } },
    /minReplicas is more than autoscaling.maxReplicas/,
  ],
  [
    "autoscaling by rules that are not there",
    { autoscaling: { source: "prometheus" } },
    /needs prometheusRule.enabled/,
  ],
  ["two secrets", { secret: { existing: "a", data: { B: "c" } } }, /cannot be combined/],
];

describeWith("Helm", findHelm(), "the Helm chart", (helm) => {
  const rendered = (values: Values = {}): KubernetesObject[] => {
    const { ok, out, err } = renderChart(helm, values);
    if (!ok) throw new Error(err);
    return objectsIn(out);
  };
  const found = (objects: readonly KubernetesObject[], kind: string): KubernetesObject => {
    const object = objects.find((one) => one.kind === kind);
    if (object === undefined) throw new Error(`there is no ${kind}`);
    return object;
  };
  const configOf = (objects: readonly KubernetesObject[]): string =>
    found(objects, "ConfigMap").data?.["stuntdouble.yaml"] ?? "";

  test("passes Helm's own checks", () => {
    expect(runHelm(helm, ["lint", "--strict", "charts/stuntdouble"])).toMatchObject({ ok: true });
  });

  test("renders valid objects by default: three to fifty nodes, with budget, spread and network policy", () => {
    const objects = rendered();
    expect(objects.flatMap(problemsOf)).toEqual([]);
    expect(objects.map(({ kind }) => kind).sort()).toEqual([
      "ConfigMap",
      "Deployment",
      "HorizontalPodAutoscaler",
      "NetworkPolicy",
      "PodDisruptionBudget",
      "Service",
      "Service",
      "ServiceAccount",
    ]);
    expect(found(objects, "HorizontalPodAutoscaler").spec).toMatchObject({ minReplicas: 3, maxReplicas: 50 });
  });

  test.each(options)("renders valid objects with %s", (_title, values, expected) => {
    const { ok, out, err } = renderChart(helm, values);
    expect({ ok, err }).toEqual({ ok: true, err: "" });
    expect(objectsIn(out).flatMap(problemsOf)).toEqual([]);
    for (const text of expected) expect(out).toContain(text);
  });

  test.each(refused)("refuses %s", (_title, values, said) => {
    const { ok, err } = renderChart(helm, values);
    expect(ok).toBe(false);
    expect(err).toMatch(said);
  });

  test("an option for every value: each top-level value is in a test", () => {
    const values = Object.keys(parse(readFileSync("charts/stuntdouble/values.yaml", "utf8")) as Values);
    const tried = new Set(options.flatMap(([, given]) => Object.keys(given)));
    // `config`, `resources` and `nameOverride` have tests of their own below.
    expect(values.filter((name) => !tried.has(name)).sort()).toEqual(["config", "nameOverride", "resources"]);
  });

  test("no object but those of an option remains when the options are off", () => {
    const off = {
      podDisruptionBudget: { enabled: false },
      networkPolicy: { enabled: false },
      autoscaling: { enabled: false },
    };
    const kinds = rendered({ ...off, nameOverride: "short" }).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(["ConfigMap", "Deployment", "Service", "Service", "ServiceAccount"]);
  });

  test("an empty list of peers lets nobody in", () => {
    const { spec } = found(rendered({ networkPolicy: { from: [], adminFrom: [] } }), "NetworkPolicy");
    expect(spec).toMatchObject({ policyTypes: ["Ingress", "Egress"] });
    expect((spec as { ingress?: unknown }).ingress ?? []).toEqual([]);
  });

  test.each([
    [{}, 2],
    [{ config: { default: { serve: "simulate" } }, resources: { requests: { cpu: "1500m" } }, extProc: true }, 2],
    [{ resources: { requests: { cpu: 4 } }, adminToken: { secretName: "a" } }, 4],
    [{ config: { workers: 7 } }, 7],
  ])("the configuration of %j is one that a node takes, with an event loop for each core", async (values, workers) => {
    const text = configOf(rendered(values));
    expect(parse(text)).toMatchObject({ listen: { host: "0.0.0.0", port: 8080 }, workers });
    const env = { STUNTDOUBLE_ADMIN_TOKEN: "0123456789abcdef0123456789abcdef" };
    expect(await runIn({ "c.yaml": text }, ["check", "c.yaml"], { env })).toMatchObject({ code: 0 });
  });

  test.each([
    [{}, 40],
    [{ drainMs: 60_000 }, 70],
    [{ drainDelayMs: 0, drainMs: 1500 }, 7],
  ])("with listen %j the kubelet waits %d s, longer than the node drains", (listen, seconds) => {
    const pod = found(rendered({ config: { listen } }), "Deployment");
    expect(pod.spec).toMatchObject({ template: { spec: { terminationGracePeriodSeconds: seconds } } });
  });

  test("readiness is noticed sooner than the port closes", () => {
    const { spec } = found(rendered(), "Deployment") as {
      spec: { template: { spec: { containers: [{ readinessProbe: Probe }] } } };
    };
    const { periodSeconds, failureThreshold } = spec.template.spec.containers[0].readinessProbe;
    // The default of listen.drainDelayMs once anything has asked for readiness.
    expect(periodSeconds * failureThreshold).toBeLessThan(5);
  });
});

type Probe = { readonly periodSeconds: number; readonly failureThreshold: number };

test("no file of the charts is left out of these tests", () => {
  expect(globSync("charts/examples/*").sort()).toEqual(
    ["prometheus-adapter.yaml", "sidecar-injection.yaml", "sidecar.yaml"].map((name) => `charts/examples/${name}`),
  );
});

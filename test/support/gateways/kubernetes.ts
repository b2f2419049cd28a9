import { Gateway, GatewayClass, HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import * as istio from "@kubernetes-models/istio/networking.istio.io/v1";
import { EnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3";
import { Deployment } from "kubernetes-models/apps/v1";
import { ConfigMap, Service } from "kubernetes-models/v1";

/** A resource of Kubernetes as a file has it. */
export type Resource = { readonly apiVersion: string; readonly kind: string };

/** A class that a package made of a published schema. */
type Model = { new (data: never): { validate(): void } & object; readonly apiVersion: string; readonly kind: string };

/** The schemas of Kubernetes, of Gateway API and of Istio, as their packages have them. */
const models: readonly Model[] = [
  ConfigMap,
  Service,
  Deployment,
  Gateway,
  GatewayClass,
  HTTPRoute,
  istio.DestinationRule,
  istio.Gateway,
  istio.ServiceEntry,
  istio.VirtualService,
  EnvoyFilter,
];

/**
 * What the published schema of a resource says against it; fields that the schema does not know included.
 *
 * @returns undefined where no package has the schema of its kind
 */
export function problemsOf(resource: Resource): string[] | undefined {
  const Kind = models.find(({ apiVersion, kind }) => apiVersion === resource.apiVersion && kind === resource.kind);
  if (Kind === undefined) return undefined;
  const unread: string[] = [];
  const { watched, finish } = watch(new Kind(resource as never), "", unread);
  const said: string[] = [];
  try {
    watched.validate();
  } catch (error) {
    said.push(String(error));
  }
  finish();
  return [...said, ...unread.map((field) => `unknown field ${field}`)];
}

/**
 * Notes which fields a validator looks at. It asks for each one that its schema knows, and ignores all others; of an object in which
 * everything is allowed it asks for none.
 */
function watch<Value extends object>(value: Value, at: string, unread: string[]): { watched: Value; finish(): void } {
  const asked = new Set<string>();
  const inner = new Map<string, { watched: object; finish(): void }>();
  const watched = new Proxy(value, {
    get(target, key) {
      const found: unknown = Reflect.get(target, key);
      if (typeof key !== "string" || (Array.isArray(target) && !/^\d+$/.test(key))) return found;
      asked.add(key);
      if (typeof found !== "object" || found === null) return found;
      const child = inner.get(key) ?? watch(found, `${at}/${key}`, unread);
      inner.set(key, child);
      return child.watched;
    },
  });
  const finish = (): void => {
    if (asked.size > 0)
      unread.push(
        ...Object.keys(value)
          .filter((key) => !asked.has(key))
          .map((key) => `${at}/${key}`),
      );
    for (const child of inner.values()) child.finish();
  };
  return { watched, finish };
}

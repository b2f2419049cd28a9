import { hostname } from "node:os";
import { expect, test } from "vitest";
import { configSchema } from "../../../../src/config/schema.ts";
import { serviceDefinition } from "../../../../src/node/registration/definition.ts";

const ports = { traffic: 8080, admin: 8081 };
const definitionOf = (consul: object, admin: object = {}) => {
  const config = configSchema.parse({ register: { consul }, admin });
  return serviceDefinition(config.register!.consul, config, ports);
};

test("by default the service is the traffic port, and readiness is asked of the admin port", () => {
  expect(definitionOf({})).toEqual({
    ID: `stuntdouble-${hostname()}-8080`,
    Name: "stuntdouble",
    Port: 8080,
    Tags: [],
    Meta: {},
    Check: {
      Name: "ready",
      HTTP: "http://127.0.0.1:8081/readyz",
      Interval: "5000ms",
      Timeout: "5000ms",
      DeregisterCriticalServiceAfter: "600000ms",
    },
  });
});

test("what the configuration says comes first", () => {
  const said = { name: "llm", id: "a", address: "10.0.0.7", port: 80, checkUrl: "http://10.0.0.7/ok" };
  expect(definitionOf(said)).toMatchObject({
    ID: "a",
    Name: "llm",
    Address: "10.0.0.7",
    Port: 80,
    Check: { HTTP: "http://10.0.0.7/ok" },
  });
});

test.each([
  [{}, { host: "0.0.0.0" }, "http://127.0.0.1:8081/readyz"],
  [{ address: "10.0.0.7" }, { host: "0.0.0.0" }, "http://10.0.0.7:8081/readyz"],
  [{ address: "10.0.0.7" }, { host: "127.0.0.1" }, "http://127.0.0.1:8081/readyz"],
  [{}, { host: "::1" }, "http://[::1]:8081/readyz"],
])("with %j and the admin port at %j, readiness is asked at %s", (consul, admin, url) => {
  expect(definitionOf(consul, admin).Check.HTTP).toBe(url);
});

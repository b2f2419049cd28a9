/** @fastify/http-proxy as its README sets it up, without retries. */
import proxy from "@fastify/http-proxy";
import fastify from "fastify";

const app = fastify();
await app.register(proxy, {
  upstream: `http://127.0.0.1:${process.argv[3]}`,
  undici: { connections: 1024, pipelining: 1 },
  retryMethods: [],
});
await app.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });

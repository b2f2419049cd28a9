import type { FastifyInstance } from "fastify";

/** A request to the admin API that takes no connection. */
export type AdminCall = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** JSON. */
  readonly body?: object;
};

/** What the admin API responds, its JSON parsed. */
export type AdminReply = { readonly status: number; readonly body: unknown };

/** Asks the admin API of a node in this process, past its port but through its guards. */
export async function inject(admin: FastifyInstance, { method, path, body }: AdminCall): Promise<AdminReply> {
  const response = await admin.inject({
    method,
    url: path,
    headers: { host: "127.0.0.1" },
    ...(body !== undefined && { payload: body }),
  });
  return { status: response.statusCode, body: response.payload === "" ? undefined : JSON.parse(response.payload) };
}

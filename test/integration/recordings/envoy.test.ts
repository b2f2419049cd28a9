import { expect, test } from "vitest";
import { startBehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { makeFolder } from "../../support/recordings/folder.ts";
import { until } from "../../support/node.ts";
import { chatEvents, sse, startUpstream } from "../../support/upstream.ts";

describeWith("envoy", findEnvoy(), "recordings through a real Envoy", (place) => {
  test("a call that Envoy takes to its upstream is recorded, and replayed as a response of our own", async () => {
    const folder = makeFolder();
    const events = chatEvents(["Hel", "lo"]);
    const upstream = await startUpstream(sse(events, { gapMs: 5 }));
    const replay = { dir: folder.dir, ids: "verbatim", onMiss: "forward" };
    const rule = { serve: "replay", replay, record: { dir: folder.dir } };
    const config = { upstreams: { one: { url: upstream.url } }, default: rule };
    const options = { upstreams: { one: upstream.port } };
    const recording = await startBehindEnvoy(place, config, options);
    const real = await (await recording.chat({}, { stream: true })).text();
    await until("the recording", () => (folder.names().some((name) => name.endsWith(".ndjson")) ? true : undefined));
    await recording.stop();
    await upstream.stop();
    expect(folder.recordings()[0]?.pieces.length).toBeGreaterThan(1);

    const replaying = await startBehindEnvoy(place, config, options);
    const response = await replaying.chat({}, { stream: true });
    expect(response.headers.get("x-stuntdouble-decision")).toBe("replay");
    expect(await response.text()).toBe(real);
    expect((await replaying.node.outcomes())[0]?.mode).toBe("replayed");
    await replaying.stop();
  });
});

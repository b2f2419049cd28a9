import type { Carrier, Forwarded, Passage, Receiver } from "../../act/live.ts";
import type { FindOperation } from "../../core/dialects/index.ts";
import type { Act } from "../../act/types.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import type { Operation } from "../../core/dialects/types.ts";
import { factsReader, type FactsReader } from "../../core/dialects/shared/any-body.ts";
import { addBody, addFacts, noBody, readAlwaysBytes, type BodyOptions } from "../body.ts";
import { tooLarge } from "../content-coding.ts";
import { overloaded } from "../overloaded.ts";
import type { Draft } from "../http/request.ts";
import { UpstreamResponse } from "./upstream-response.ts";
import { grpcStatus, type GrpcCall, type GrpcListener } from "./grpc/call.ts";
import { bufferedFrame, headersFrame, modesFrame, onwardFrame, unchanged, type Continue } from "./frames.ts";
import { bodyMode, readStep, type Step } from "./step.ts";
import { CallModes } from "./modes.ts";
import { difference, forwardMetadata, upstreamHeader } from "./mutation.ts";
import { Observed } from "./observed.ts";
import { ExtProcReply } from "./reply.ts";
import { describe, Reading, withoutBody, withoutStream } from "./request.ts";
import { RequestBody } from "./request-body.ts";

/** What is done with the calls of Envoy. */
export type ProcessingOptions = {
  readonly acting: Pick<Act, "needsBody" | "serve" | "refuse" | "watch">;
  readonly bodies: BodyOptions;
  readonly findOperation: FindOperation;
  /** Told of each call; true when it comes too late to be handled. */
  isLate(): boolean;
  /** What is shown to us of each forwarded response, at least. */
  readonly observe: "head" | "response";
  /** Told when Envoy is done with a call. */
  closed(): void;
};

/** One call of Envoy's: its request on the way in, and on to the upstream. */
export class Processing implements GrpcListener, Carrier {
  readonly #call: GrpcCall;
  readonly #options: ProcessingOptions;
  readonly #reading: Reading;
  #begun = false;
  /** While there is something to be done for it. */
  #started: Started | undefined = undefined;
  #response: UpstreamResponse | undefined = undefined;
  /** Stays when the call is done with: Envoy may show a response of its own after that. */
  #modes: CallModes | undefined = undefined;
  /** Instead of all others, where Envoy only shows the call. */
  #observed: Observed | undefined = undefined;
  #halfClosed = false;

  constructor(call: GrpcCall, options: ProcessingOptions) {
    this.#call = call;
    this.#options = options;
    this.#reading = new Reading(call);
  }

  message(bytes: Buffer): void {
    const step = readStep(bytes);
    if (step.observing) this.#observe(step);
    else if (step.side === "response") this.#take(step);
    else if (step.kind === "headers") this.#begin(step);
    else if (step.kind === "body") this.#started?.body.add(step.body, step.endOfStream);
    else if (step.kind === "trailers") this.#started?.body.trailers();
  }

  halfClosed(): void {
    this.#halfClosed = true;
    const reply = this.#started?.reply;
    if (this.#response?.awaited === true) reply?.left();
    if (reply === undefined || reply.over) this.#call.end(grpcStatus.ok);
  }

  drained(): void {
    this.#reading.go("envoy");
    this.#started?.reply.listener?.drained();
  }

  closed(): void {
    this.#observed?.left();
    this.#started?.reply.left();
    this.#started?.body.drop();
    this.#options.closed();
    // Node keeps what belongs to a dead stream until it collects all of its memory; the call must not be kept with it.
    this.#started = undefined;
  }

  carry({ upstream, headers, decision, need }: Passage, receiver: Receiver): Forwarded {
    if (this.#started === undefined) throw new StuntdoubleError("INTERNAL", "Envoy is done with this call.");
    const { request, reply, body, modes, buffered } = this.#started;
    const told = modes.settle(this.#need(need));
    const { set, remove } = difference(request.rawHeaders, headers);
    const onward: Continue = {
      mutation: { set: [...set, upstreamHeader, upstream], remove },
      metadata: forwardMetadata(decision, upstream),
      reroute: true,
      modes: told,
    };
    this.#response = new UpstreamResponse(this.#call, reply, {
      reading: this.#reading,
      mode: modes.response,
      to: receiver,
    });
    reply.passed = true;
    this.#call.send(buffered ? bufferedFrame(onward) : headersFrame("request", onward));
    body.pass();
    this.#reading.go("decision");
    return this.#response;
  }

  /** A response before the decision is Envoy's own: the client has been too slow, or its request too large. It goes on at once. */
  #take(step: Step): void {
    if (this.#response !== undefined) return this.#response.take(step);
    this.#call.send(onwardFrame(step, this.#modes?.response ?? bodyMode.none));
    this.#started?.reply.left();
  }

  #observe(step: Step): void {
    this.#observed ??= new Observed(this.#call, this.#options);
    this.#observed.take(step);
  }

  #need(need: Passage["need"]): Passage["need"] {
    return need === "head" && this.#options.observe === "response" ? "read" : need;
  }

  #begin(step: Step): void {
    if (this.#begun) return;
    this.#begun = true;
    const request = describe(step, this.#options.findOperation, this);
    const { bodies } = this.#options;
    const announcedBytes = Number(request.headers["content-length"] ?? 0);
    const reader = step.endOfStream ? undefined : this.#readerOf(request);
    const wantsBody = request.operation !== undefined || reader !== undefined;
    const isTooLong = announcedBytes > bodies.maxBytes();
    const modes = new CallModes(step.modes ?? noModes, wantsBody && !step.endOfStream && !isTooLong);
    this.#modes = modes;
    if (modes.upgraded) this.#call.send(modesFrame({ requestBody: modes.request, responseBody: modes.response }));
    const reply = this.#makeReply(request, modes);
    const body = this.#makeBody(modes);
    if (step.endOfStream) body.none();
    const buffered = wantsBody && !isTooLong && !step.endOfStream && modes.request === bodyMode.buffered;
    const started = { request, reply, body, modes, buffered };
    this.#started = started;
    const refusal = this.#refusalOf(request, announcedBytes);
    if (refusal !== undefined) this.#refuse(started, refusal);
    else if (isTooLong) this.#serveUnread(started, tooLarge(bodies.maxBytes()));
    else if (request.operation !== undefined) this.#open(started, request.operation, step.endOfStream);
    else if (reader !== undefined && modes.givesBody) this.#readFacts(started, reader);
    else this.#options.acting.serve(request, reply);
  }

  /** What reads a body that cannot be simulated, where a rule asks for its model. */
  #readerOf(request: Draft): FactsReader | undefined {
    if (request.operation !== undefined) return undefined;
    const reader = factsReader(request.route, request.headers["content-type"]);
    return reader !== undefined && this.#options.acting.needsBody(request) ? reader : undefined;
  }

  /** Why a request goes no further, whatever its body says. */
  #refusalOf({ target }: Draft, announcedBytes: number): StuntdoubleError | undefined {
    const maxBytes = this.#options.bodies.maxForwardedBytes();
    if (!target.startsWith("/")) return new StuntdoubleError("BODY_INVALID", "The request target is no path.");
    if (announcedBytes > maxBytes) return tooLarge(maxBytes);
    return this.#options.isLate() ? overloaded() : undefined;
  }

  #refuse({ request, reply, body }: Started, refusal: StuntdoubleError): void {
    body.drop();
    this.#options.acting.refuse(request, reply, refusal);
  }

  #serveUnread({ request, reply }: Started, error?: StuntdoubleError): void {
    if (request.operation !== undefined) request.unread = error;
    this.#options.acting.serve(request, reply);
  }

  /** Gets as much of a request together as Envoy gives, and hands it over. */
  #open(started: Started, operation: Operation, isWhole: boolean): void {
    const { request, reply, modes } = started;
    request.operation = modes.streams ? operation : withoutStream(operation);
    if (!isWhole && modes.givesBody) return this.#readBody(started);
    if (!isWhole) request.operation = withoutBody(operation);
    request.body = noBody;
    this.#options.acting.serve(request, reply);
  }

  /** Envoy sends a buffered body only when its headers have a reply, and holds the request until that has got one, too. */
  #askForBody({ modes, buffered }: Started): void {
    if (buffered) this.#call.send(headersFrame("request", { ...unchanged, modes: modes.settle(this.#need("head")) }));
  }

  #readBody(started: Started): void {
    const { request, body, buffered } = started;
    const { acting, bodies } = this.#options;
    const maxBytes = bodies.maxBytes();
    const take = (bytes: Buffer): void =>
      addBody({ request, bytes }, bodies, (refusal) => this.#ready(started, refusal));
    const readOn = (): void =>
      body.read({ maxBytes }, (result) => {
        if (result instanceof StuntdoubleError) this.#refuse(started, result);
        else if (result === undefined) this.#serveUnread(started, tooLarge(maxBytes));
        else take(result);
      });
    this.#askForBody(started);
    if (buffered || maxBytes <= readAlwaysBytes) return readOn();
    body.read({ maxBytes: readAlwaysBytes }, (result) => {
      if (result instanceof StuntdoubleError) this.#refuse(started, result);
      else if (result !== undefined) take(result);
      else if (acting.needsBody(request)) readOn();
      else this.#serveUnread(started);
    });
  }

  #readFacts(started: Started, reader: FactsReader): void {
    const { request, body } = started;
    const { bodies } = this.#options;
    const isEncoded = request.headers["content-encoding"] !== undefined;
    const enough = (bytes: Buffer): boolean => (request.facts = reader.read(bytes, false)) !== undefined;
    this.#askForBody(started);
    body.read({ maxBytes: bodies.maxBytes(), ...(!isEncoded && { enough }) }, (result) => {
      if (result instanceof StuntdoubleError) this.#refuse(started, result);
      else if (result === undefined) this.#serveUnread(started);
      else addFacts({ request, bytes: result, reader }, bodies, (refusal) => this.#ready(started, refusal));
    });
  }

  /** The body has been read; by then the call may be over. */
  #ready(started: Started, refusal: StuntdoubleError | undefined): void {
    if (this.#started !== started || started.reply.over) return;
    if (refusal !== undefined) this.#refuse(started, refusal);
    else this.#options.acting.serve(started.request, started.reply);
  }

  #makeBody(modes: CallModes): RequestBody {
    const send = (frame: Buffer): void => {
      if (!this.#call.send(frame)) this.#reading.stop("envoy");
    };
    const sink = { send, hold: () => this.#reading.stop("decision") };
    return new RequestBody(sink, modes.request, this.#options.bodies.memory);
  }

  #makeReply({ method, headers }: Draft, { streams }: CallModes): ExtProcReply {
    const finished = (): void => {
      // The call is done with, but Envoy holds its stream for a while yet.
      if (this.#started?.body.drop() === true) this.#started = undefined;
      if (this.#halfClosed) this.#call.end(grpcStatus.ok);
    };
    const begun = (): void => void this.#started?.body.drop();
    const acceptEncoding = headers["accept-encoding"];
    return new ExtProcReply({ call: this.#call, method, acceptEncoding, streams, begun, finished });
  }
}

/** A call from its first step on. */
type Started = {
  readonly request: Draft;
  readonly reply: ExtProcReply;
  readonly body: RequestBody;
  readonly modes: CallModes;
  /** Its headers have gone on, and wait for the response to its body. */
  readonly buffered: boolean;
};

const noModes = { requestBody: bodyMode.none, responseBody: bodyMode.none };

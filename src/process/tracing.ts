/**
 * Spans of OpenTelemetry, for programs that have a tracer provider: from an add over its attempts to the report.
 *
 * Knows the interface package alone, which belongs to the user's program and is loaded only when somebody has
 * registered a provider with it: without one, every call here is one look at a property. A trace goes with its job
 * as a `traceparent` (https://www.w3.org/TR/trace-context/).
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as OpenTelemetry from '@opentelemetry/api';

type Api = typeof OpenTelemetry;
type Attributes = Readonly<Record<string, string | number>>;

export interface SpanFacts {
  readonly name: string;
  readonly kind: 'producer' | 'consumer' | 'client';
  readonly attributes: Attributes;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;
const NONE = /^0+$/;

/** Where each copy of the interface, of its first major version, keeps what was registered. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');

let loaded: Api | null | undefined;

/** Undefined while nobody has registered a provider, and where the interface cannot be loaded. */
function findApi(): Api | undefined {
  const registry = (globalThis as { readonly [REGISTRY]?: { readonly trace?: unknown } })[REGISTRY];
  if (registry?.trace === undefined) return undefined;
  // Not `??=`: what is not there is looked for once, not again for every job.
  if (loaded === undefined) loaded = loadApi();
  return loaded ?? undefined;
}

/** As a dependency beside this package, or as one of the program that runs. */
function loadApi(): Api | null {
  for (const from of [() => import.meta.url, () => path.join(process.cwd(), 'package.json')]) {
    try {
      return createRequire(from())('@opentelemetry/api') as Api;
    } catch {
      // Not there, or the directory is gone: the next place, or no traces.
    }
  }
  return null;
}

/**
 * Runs work inside of a span that ends with it.
 *
 * @param parent a traceparent; the active span when undefined
 * @param work gets the traceparent of the span; undefined where nobody traces
 */
export async function traced<T>(
  facts: SpanFacts,
  parent: string | undefined,
  work: (traceparent: string | undefined) => Promise<T>,
): Promise<T> {
  const api = findApi();
  if (api === undefined) return work(undefined);
  const { span, context } = startSpan(api, facts, parent);
  try {
    return await api.context.with(context, () => work(renderTraceparent(span.spanContext())));
  } catch (error) {
    noteFailure(api, span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** A span of something whose end is seen elsewhere: the returned function ends it; undefined where nobody traces. */
export function beginSpan(
  facts: SpanFacts,
  parent: string | undefined,
): ((error?: unknown) => void) | undefined {
  const api = findApi();
  if (api === undefined) return undefined;
  const { span } = startSpan(api, facts, parent);
  return (error) => {
    if (error !== undefined) noteFailure(api, span, error);
    span.end();
  };
}

/** Of the active span; undefined where there is none. */
export function activeTraceparent(): string | undefined {
  const span = findApi()?.trace.getActiveSpan();
  return span === undefined ? undefined : renderTraceparent(span.spanContext());
}

/** Marks the active span as failed, where one is. */
export function noteActiveFailure(error: unknown): void {
  const api = findApi();
  const span = api?.trace.getActiveSpan();
  if (api !== undefined && span !== undefined) noteFailure(api, span, error);
}

/** Somebody has registered a tracer provider. */
export function isTracing(): boolean {
  return findApi() !== undefined;
}

function isTraceparent(text: string): boolean {
  return parseTraceparent(text) !== undefined;
}

function startSpan(api: Api, { name, kind, attributes }: SpanFacts, parent: string | undefined) {
  const kinds = api.SpanKind;
  const spanKind = { producer: kinds.PRODUCER, consumer: kinds.CONSUMER, client: kinds.CLIENT };
  const around = contextOf(api, parent);
  const options = { kind: spanKind[kind], attributes: { ...attributes } };
  const span = api.trace.getTracer('taskbell').startSpan(name, options, around);
  return { span, context: api.trace.setSpan(around, span) };
}

function contextOf(api: Api, parent: string | undefined): OpenTelemetry.Context {
  const spanContext = parent === undefined ? undefined : parseTraceparent(parent);
  if (spanContext === undefined) return api.context.active();
  return api.trace.setSpanContext(api.context.active(), spanContext);
}

function noteFailure(api: Api, span: OpenTelemetry.Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.recordException(error instanceof Error ? error : message);
  span.setStatus({ code: api.SpanStatusCode.ERROR, message });
}

function parseTraceparent(text: string): OpenTelemetry.SpanContext | undefined {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(text) ?? [];
  if (traceId === '' || NONE.test(traceId) || NONE.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

/** Undefined for the span of a provider that records nothing. */
function renderTraceparent(context: OpenTelemetry.SpanContext): string | undefined {
  const { traceId, spanId, traceFlags } = context;
  const text = `00-${traceId}-${spanId}-${(traceFlags & 1).toString(16).padStart(2, '0')}`;
  return isTraceparent(text) ? text : undefined;
}

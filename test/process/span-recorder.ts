/**
 * A tracer provider in memory, written against the interface of OpenTelemetry alone: ids, contexts by
 * AsyncLocalStorage, and the spans that have ended. What is registered is global: one at a time.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  type ContextManager,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanOptions,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';

export interface RecordedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Null: a root. */
  readonly parentId: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  error: string | null;
}

export class SpanRecorder {
  readonly ended: RecordedSpan[] = [];
  #made = 0;

  register(): void {
    const storage = new AsyncLocalStorage<Context>();
    const manager: ContextManager = {
      active: () => storage.getStore() ?? ROOT_CONTEXT,
      with: (active, run, self, ...args) => storage.run(active, () => run.apply(self, args)),
      bind: (_, target) => target,
      enable: () => manager,
      disable: () => manager,
    };
    context.setGlobalContextManager(manager);
    const provider: TracerProvider = { getTracer: () => this.#tracer() };
    trace.setGlobalTracerProvider(provider);
  }

  unregister(): void {
    trace.disable();
    context.disable();
  }

  named(name: string): RecordedSpan | undefined {
    return this.ended.find((span) => span.name === name);
  }

  #tracer(): Tracer {
    const startSpan = (name: string, options: SpanOptions = {}, around = context.active()) =>
      this.#start(name, options, around);
    return { startSpan } as unknown as Tracer;
  }

  #start(name: string, { attributes = {} }: SpanOptions, around: Context): Span {
    this.#made += 1;
    const parent = trace.getSpanContext(around);
    const traceId = parent?.traceId ?? this.#made.toString(16).padStart(32, 'a');
    const spanId = this.#made.toString(16).padStart(16, 'b');
    const recorded: RecordedSpan = {
      ...{ name, traceId, spanId, parentId: parent?.spanId ?? null },
      ...{ attributes, error: null },
    };
    const span = {
      spanContext: () => ({ traceId, spanId, traceFlags: 1 }),
      setStatus: ({ message = '' }: { message?: string }) => {
        recorded.error = message;
      },
      recordException: () => undefined,
      end: () => void this.ended.push(recorded),
    };
    return span as unknown as Span;
  }
}

/** Spans, with a provider and without one. */
import { context, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, test } from 'vitest';
import { activeTraceparent, beginSpan, isTracing, traced } from '../../src/process/tracing.ts';
import { SpanRecorder } from './span-recorder.ts';

const FACTS = { name: 'work', kind: 'consumer', attributes: { n: 1 } } as const;
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

let recorder: SpanRecorder | undefined;
afterEach(() => {
  recorder?.unregister();
  recorder = undefined;
});

function recording(): SpanRecorder {
  recorder = new SpanRecorder();
  recorder.register();
  return recorder;
}

test('without a provider work is done and nothing else', async () => {
  expect(isTracing()).toBe(false);
  expect(activeTraceparent()).toBeUndefined();
  expect(beginSpan(FACTS, PARENT)).toBeUndefined();
  expect(await traced(FACTS, PARENT, async (traceparent) => [traceparent])).toEqual([undefined]);
});

describe('with a provider', () => {
  test('a span is the child of the trace that is given, and the work is inside of it', async () => {
    const spans = recording();
    const given = await traced(FACTS, PARENT, async (traceparent) => {
      await Promise.resolve();
      expect(activeTraceparent()).toBe(traceparent);
      return traceparent;
    });
    expect(given).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));
    expect(spans.ended).toMatchObject([
      { name: 'work', traceId: TRACE_ID, parentId: '00f067aa0ba902b7', error: null },
    ]);
  });

  test('without a parent it is the child of the active span', async () => {
    const spans = recording();
    const outer = trace.getTracer('t').startSpan('outer');
    await context.with(trace.setSpan(context.active(), outer), () =>
      traced(FACTS, undefined, async () => undefined),
    );
    expect(spans.named('work')?.parentId).toBe(outer.spanContext().spanId);
  });

  test.each([
    '',
    'nonsense',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    `ff${PARENT.slice(2)}`,
  ])('a parent that is none begins a trace of its own: %j', async (parent) => {
    const spans = recording();
    await traced(FACTS, parent, async () => undefined);
    expect(spans.named('work')?.parentId).toBeNull();
  });

  test('work that fails marks its span, and fails', async () => {
    const spans = recording();
    const failing = traced(FACTS, undefined, () => Promise.reject(new Error('broken')));
    await expect(failing).rejects.toThrow('broken');
    expect(spans.named('work')?.error).toBe('broken');
  });

  test('a span whose end is seen elsewhere ends there', () => {
    const spans = recording();
    const end = beginSpan(FACTS, PARENT);
    expect(spans.ended).toEqual([]);
    end?.();
    expect(spans.named('work')).toMatchObject({ traceId: TRACE_ID, error: null });
  });
});

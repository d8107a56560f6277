/** From what a caller asks for to a job with every field decided. */
import { describe, expect, it } from 'vitest';
import { toNewJob } from '../../src/core/new-job.ts';
import type { JobRequest } from '../../src/protocol/jobs.ts';
import type { Json } from '../../src/protocol/json.ts';

const AT = Date.UTC(2026, 10, 22);

function made(request: Partial<JobRequest>) {
  return toNewJob({ type: 'mail', ...request }, { queue: 'default', at: AT });
}

function refusal(request: Partial<JobRequest>): unknown {
  try {
    made(request);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a request', () => {
  it('that says nothing but its type becomes a job of the type’s queue that runs at once', () => {
    expect(made({})).toMatchObject({
      ...{ type: 'mail', queue: 'default', payload: 'null', priority: 0, runAt: null },
      ...{ uniqueKey: null, unique: null, retries: null, backoff: null, timeoutMs: null },
      ...{ userId: null, group: null, durability: 'disk', ref: null, after: [] },
      onDependencyFailure: 'fail',
    });
  });

  it('runs at the time that it names, or so long after its acceptance', () => {
    expect(made({ runAt: '2026-11-22T01:00:00+01:00' }).runAt).toBe(AT);
    expect(made({ delayMs: 5 }).runAt).toBe(AT + 5);
    expect(made({ delayMs: 0 }).runAt).toBeNull();
    const both = refusal({ delayMs: 5, runAt: '2026-11-22T00:00:00Z' });
    expect(both).toMatchObject({ code: 'E_INVALID_REQUEST' });
  });

  it('names each job that it depends on once', () => {
    expect(made({ after: ['a', 'b', 'a'] }).after).toEqual(['a', 'b']);
  });
});

describe('a unique key', () => {
  it('may stand in either place', () => {
    expect(made({ uniqueKey: 'k' })).toMatchObject({ uniqueKey: 'k', unique: null });
    const rule = { policy: 'keep-first', windowMs: null, delayMs: 0, maxWaitMs: null };
    expect(made({ unique: { key: 'k' } })).toMatchObject({ uniqueKey: 'k', unique: rule });
    expect(made({ uniqueKey: 'k', unique: {} })).toMatchObject({ uniqueKey: 'k', unique: rule });
  });

  it('from the payload is refused where that is nested too deeply to be sorted', () => {
    // Each level of sorting takes more of the stack than one of JSON.stringify.
    let payload: Json = 1;
    for (let depth = 0; depth < 30_000; depth += 1) payload = [payload];
    const deep = { payload, unique: { by: 'payload' } } as const;
    expect(refusal(deep)).toMatchObject({ code: 'E_INVALID_REQUEST' });
    let found: unknown;
    for (let depth = 500; found === undefined && depth < 30_000; depth += 100) {
      let flatter: Json = 1;
      for (let level = 0; level < depth; level += 1) flatter = [flatter];
      found = refusal({ payload: flatter, unique: { by: 'payload' } });
    }
    expect(found).toMatchObject({ code: 'E_INVALID_REQUEST' });
  });

  it('from the payload is the same whatever the order of keys, and another for another type', () => {
    const by = { unique: { by: 'payload' } } as const;
    const key = made({ ...by, payload: { a: 1, b: [{ c: 2, d: null }] } }).uniqueKey;
    expect(key).toMatch(/^sha256:/);
    expect(made({ ...by, payload: { b: [{ d: null, c: 2 }], a: 1 } }).uniqueKey).toBe(key);
    expect(made({ ...by, payload: { a: 1, b: [{ c: 2, d: 0 }] } }).uniqueKey).not.toBe(key);
    expect(made({ ...by, payload: { a: 1, b: [{ c: 2, d: null }, 1] } }).uniqueKey).not.toBe(key);
    const other = { type: 'scan', payload: { a: 1, b: [{ c: 2, d: null }] } };
    expect(made({ ...by, ...other }).uniqueKey).not.toBe(key);
    expect(made(by).uniqueKey).toBe(made({ ...by, payload: null }).uniqueKey);
  });

  it('carries its policy, its window, and the quiet time of a debounce', () => {
    const unique = { key: 'k', policy: 'debounce', maxWaitMs: 9_000, windowMs: 10 } as const;
    expect(made({ unique, delayMs: 500 }).unique).toEqual({
      ...{ policy: 'debounce', windowMs: 10, delayMs: 500, maxWaitMs: 9_000 },
    });
  });

  it.each([
    [{ unique: {} }, 'exactly one'],
    [{ unique: { key: 'k', by: 'payload' } }, 'exactly one'],
    [{ uniqueKey: 'k', unique: { key: 'k' } }, 'exactly one'],
    [{ unique: { key: 'k', policy: 'debounce' } }, 'delayMs'],
    [{ unique: { key: 'k', policy: 'throttle' } }, 'windowMs'],
    [{ unique: { key: 'k', policy: 'replace', maxWaitMs: 5 } }, 'maxWaitMs'],
    [{ unique: { key: 'k', policy: 'run-again' }, after: ['1'] }, 'cannot depend'],
    [{ unique: { key: 'k', policy: 'debounce' }, delayMs: 1, after: ['1'] }, 'cannot depend'],
  ] satisfies [Partial<JobRequest>, string][])('is refused as %j', (request, words) => {
    expect(refusal(request)).toMatchObject({ code: 'E_INVALID_REQUEST' });
    expect(String(refusal(request))).toContain(words);
  });

  it.each(['keep-first', 'reject', 'throttle'] as const)(
    'may depend on others under %s',
    (policy) => {
      expect(made({ unique: { key: 'k', policy, windowMs: 5 }, after: ['1'] }).after).toEqual([
        '1',
      ]);
    },
  );
});

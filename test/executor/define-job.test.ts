import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { defineJob } from '../../src/client/define-job.ts';
import { createModuleHandler } from '../../src/executor/module-handler.ts';

describe('defineJob', () => {
  it('returns its argument', () => {
    const definition = { run: () => 1 };
    expect(defineJob(definition)).toBe(definition);
  });

  it('types the payload by its schema, and the schema works', async () => {
    const job = defineJob({
      input: v.object({ amount: v.number() }),
      timeout: '30s',
      run(payload, { progress }) {
        expectTypeOf(payload).toEqualTypeOf<{ amount: number }>();
        progress(0.5);
        return { doubled: payload.amount * 2 };
      },
    });
    const handler = createModuleHandler('pay', job);
    expect(handler.manifest).toMatchObject({ schema: true, settings: { timeoutMs: 30_000 } });
    expect(await handler.validate({ amount: 'x' })).toMatch(/^amount: /);
    expect(await handler.validate({ amount: 1 })).toBeNull();
  });

  it('types the payload by its first type argument without a schema', () => {
    const job = defineJob<{ rows: number }, number>({ run: ({ rows }) => rows });
    expectTypeOf(job.run).parameter(0).toEqualTypeOf<{ rows: number }>();
    // @ts-expect-error a duration has a unit
    defineJob({ timeout: 'soon', run: () => 1 });
  });

  it('types the endings of the context as what nothing follows', () => {
    const job = defineJob<{ rows: number }, number>({
      backoff: (failures, error) => (error instanceof RangeError ? '1m' : failures * 100),
      backoffKind: 'linear',
      run({ rows }, { attempt, snooze, retryAfter, fail, cancel, group, dependencies }) {
        expectTypeOf(group).toEqualTypeOf<string | null>();
        expectTypeOf(dependencies?.results[0]?.ref).toEqualTypeOf<string | null | undefined>();
        if (rows === 1) return snooze('1h');
        if (rows === 2) return retryAfter(5_000, 'busy');
        if (rows === 3) return fail('no');
        if (rows === 4) return cancel();
        return attempt;
      },
    });
    expectTypeOf(job.run).returns.toEqualTypeOf<number | Promise<number>>();
  });

  it('comes from a file that needs no other at run time', () => {
    const source = readFileSync(new URL('../../src/client/define-job.ts', import.meta.url), 'utf8');
    const imports = source.match(/^(?:import|export) .* from .*$/gm) ?? [];
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter((line) => !line.startsWith('import type '))).toEqual([]);
  });
});

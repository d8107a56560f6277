import { expect, it } from 'vitest';
import { type ConfiguredType, DEFAULT_POLICY, resolvePolicy } from '../../src/queue/type-policy.ts';

const SILENT: ConfiguredType = {
  queue: null,
  concurrency: null,
  timeout: null,
  retries: null,
  backoff: null,
  backoffLimit: null,
  backoffKind: null,
  rate: null,
  groupConcurrency: null,
  groupRate: null,
};
const STATED = {
  queue: 'stated',
  concurrency: 2,
  timeoutMs: 20,
  retries: 2,
  backoffMs: 200,
  backoffLimitMs: 2_000,
  backoffKind: 'linear',
  groupConcurrency: 4,
  rate: null,
  groupRate: null,
} as const;
const CONFIGURED: ConfiguredType = {
  queue: 'configured',
  concurrency: 3,
  timeout: 30,
  retries: 5,
  backoff: 300,
  backoffLimit: 3_000,
  backoffKind: 'fixed',
  rate: { count: 5, perMs: 50 },
  groupConcurrency: 6,
  groupRate: { count: 7, perMs: 70 },
};

it('is the default where nobody says anything', () => {
  expect(resolvePolicy(undefined, undefined)).toEqual(DEFAULT_POLICY);
  expect(resolvePolicy(SILENT, {})).toEqual(DEFAULT_POLICY);
});

it("is the handler's word where the configuration is silent", () => {
  expect(resolvePolicy(undefined, STATED)).toEqual(STATED);
  expect(resolvePolicy(SILENT, STATED)).toEqual(STATED);
});

it("is the configuration's word before the handler's", () => {
  expect(resolvePolicy(CONFIGURED, STATED)).toEqual({
    queue: 'configured',
    concurrency: 3,
    timeoutMs: 30,
    retries: 5,
    backoffKind: 'fixed',
    backoffMs: 300,
    backoffLimitMs: 3_000,
    rate: { count: 5, perMs: 50 },
    groupConcurrency: 6,
    groupRate: { count: 7, perMs: 70 },
  });
});

it('takes a configured zero for a word, not for silence', () => {
  const zero = resolvePolicy({ ...SILENT, retries: 0, timeout: 0, backoff: 0 }, STATED);
  expect(zero).toMatchObject({ retries: 0, timeoutMs: 0, backoffMs: 0 });
  expect(resolvePolicy(SILENT, { retries: 0 }).retries).toBe(0);
});

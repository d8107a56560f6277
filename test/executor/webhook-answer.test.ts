import { describe, expect, it } from 'vitest';
import { type Answer, judgeAnswer, readRetryAfter } from '../../src/executor/webhook-answer.ts';

const NOW = Date.UTC(2026, 10, 21, 21, 0, 0);

function answer(status: number, over: Partial<Omit<Answer, 'body'>> & { body?: string } = {}) {
  return {
    ...{ status, contentType: 'application/json', retryAfter: undefined, location: undefined },
    truncated: false,
    ...over,
    body: Buffer.from(over.body ?? ''),
  };
}

describe('an answer of 2xx', () => {
  it.each([
    ['application/json', '{"a":1}', { a: 1 }],
    ['Application/JSON; charset=utf-8', '[1]', [1]],
    ['application/problem+json', '"x"', 'x'],
    ['application/json', '', null],
    ['text/plain', '{"a":1}', null],
    ['application/jsonlines', '{"a":1}', null],
    ['', 'ok', null],
  ])('as %j with %j gives the result %j', (contentType, body, result) => {
    expect(judgeAnswer(answer(200, { contentType, body }), NOW)).toEqual({
      ending: { kind: 'succeeded', result },
      remark: null,
    });
  });

  it.each([
    [{ body: '{"a":' }, /it is not/],
    [{ body: '[1', truncated: true }, /too large/],
    // Short to write, long when it is stored.
    [{ body: `[${'1e20,'.repeat(100_000)}1]` }, /not kept: result is too large/],
  ])('is a success without a result when that cannot be kept, and the log says why', (...given) => {
    const [over, remark] = given;
    const judged = judgeAnswer(answer(201, over), NOW);
    expect(judged.ending).toEqual({ kind: 'succeeded', result: null });
    expect(judged.remark).toMatch(remark);
  });
});

describe('any other answer', () => {
  it.each([400, 401, 404, 408, 429, 500, 502, 503, 504])(
    'of %i fails and may be retried',
    (status) => {
      const { ending } = judgeAnswer(answer(status, { body: ' out of paper\n' }), NOW);
      expect(ending).toMatchObject({
        kind: 'failed',
        retryable: true,
        error: { name: 'WebhookFailed' },
      });
      expect(ending).toHaveProperty(
        'error.message',
        expect.stringMatching(new RegExp(`^web hook answered ${status} [A-Z].*\nout of paper$`)),
      );
    },
  );

  it('of 410 fails for good', () => {
    expect(judgeAnswer(answer(410), NOW).ending).toMatchObject({ retryable: false });
  });

  it('of 3xx fails and names the place that was not followed', () => {
    const { ending } = judgeAnswer(answer(302, { location: 'http://169.254.169.254/' }), NOW);
    expect(ending).toMatchObject({
      retryable: true,
      error: {
        message:
          'web hook answered 302 Found to http://169.254.169.254/: redirects are not followed, configure the final url',
      },
    });
  });

  it.each([
    [429, 7_000],
    [503, 7_000],
    [500, undefined],
    [410, undefined],
  ])('of %i with Retry-After: 7 asks for %s ms', (status, retryAfterMs) => {
    const { ending } = judgeAnswer(answer(status, { retryAfter: '7' }), NOW);
    expect(ending.retryAfterMs).toBe(retryAfterMs);
  });
});

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    [' 120 ', 120_000],
    ['Sat, 21 Nov 2026 21:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 20:00:00 GMT', 0],
    ['99999999999999999999', 86_400_000],
    ['Sat, 21 Nov 2099 21:00:30 GMT', 86_400_000],
    ['soon', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('of %j is %s ms', (header, delayMs) => {
    expect(readRetryAfter(header, NOW)).toBe(delayMs);
  });
});

import { describe, expect, test } from 'vitest';
import { MAX_ERROR_CHARS, MAX_STACK_CHARS, taskArguments } from '../../src/report/task-message.ts';
import { endedJob } from './memory-source.ts';

const SETTINGS = { defaultUserId: null, stackTrace: true, userArgument: 'second' } as const;
const FINISHED = {
  ...endedJob(7),
  type: 'insignia_background_processing',
  userId: '4064c2b2-0414-464a-97c6-4a47c325b9a3',
};
const FAILED = {
  ...FINISHED,
  success: false,
  durationMs: 87.10000000149012,
  attempts: 3,
  error: { message: 'what went wrong', stack: 'Error: what went wrong\n    at run (job.js:1:1)' },
};

function bytes(...parameters: Parameters<typeof taskArguments>): string {
  return JSON.stringify(taskArguments(...parameters));
}

describe('the bytes of a report', () => {
  test('a success has the fixed keys in their order, then the additional ones, then the user', () => {
    expect(bytes(FINISHED, SETTINGS)).toBe(
      '[{"success":true,"message":"Task Finish","payload":{"completedAt":"2026-11-21T21:40:05.174Z",' +
        '"taskType":"insignia_background_processing","duration":1234.56,"status":"success",' +
        '"jobId":"j7","eventId":"e7","attempts":1}},' +
        '{"userId":"4064c2b2-0414-464a-97c6-4a47c325b9a3"}]',
    );
  });

  test('a failure carries error and stackTrace after the status', () => {
    expect(bytes(FAILED, SETTINGS)).toBe(
      '[{"success":false,"message":"Task Failed","payload":{"completedAt":"2026-11-21T21:40:05.174Z",' +
        '"taskType":"insignia_background_processing","duration":87.1,"status":"failed",' +
        '"error":"what went wrong","stackTrace":"Error: what went wrong\\n    at run (job.js:1:1)",' +
        '"jobId":"j7","eventId":"e7","attempts":3}},' +
        '{"userId":"4064c2b2-0414-464a-97c6-4a47c325b9a3"}]',
    );
  });

  test('userArgument = merged is one argument with the user at its end', () => {
    expect(bytes(FINISHED, { ...SETTINGS, userArgument: 'merged' })).toBe(
      '[{"success":true,"message":"Task Finish","payload":{"completedAt":"2026-11-21T21:40:05.174Z",' +
        '"taskType":"insignia_background_processing","duration":1234.56,"status":"success",' +
        '"jobId":"j7","eventId":"e7","attempts":1},' +
        '"userId":"4064c2b2-0414-464a-97c6-4a47c325b9a3"}]',
    );
  });
});

describe('what a report says', () => {
  test('stackTrace = false withholds the stack and keeps the error', () => {
    const [message] = taskArguments(FAILED, { ...SETTINGS, stackTrace: false });
    expect(Object.keys(message.payload)).toEqual([
      'completedAt',
      'taskType',
      'duration',
      'status',
      'error',
      'jobId',
      'eventId',
      'attempts',
    ]);
  });

  test('an error without a stack sends the line that a stack begins with', () => {
    const end = { ...FAILED, error: { message: 'exit code 3', stack: null } };
    expect(taskArguments(end, SETTINGS)[0].payload.stackTrace).toBe('Error: exit code 3');
  });

  test('a failure without an error still has the fixed keys', () => {
    const { payload } = taskArguments({ ...FAILED, error: null }, SETTINGS)[0];
    expect(payload).toMatchObject({
      error: 'no error was recorded',
      stackTrace: 'Error: no error was recorded',
    });
  });

  test('the job has its own user, else the default one, else null', () => {
    const withDefault = { ...SETTINGS, defaultUserId: 'fallback' };
    expect(taskArguments(FINISHED, withDefault)[1]).toEqual({ userId: FINISHED.userId });
    expect(taskArguments({ ...FINISHED, userId: null }, withDefault)[1]).toEqual({
      userId: 'fallback',
    });
    expect(taskArguments({ ...FINISHED, userId: null }, SETTINGS)[1]).toEqual({ userId: null });
  });

  test('the largest report stays far below the 1 MB at which a Socket.IO server hangs up', () => {
    const error = { message: '\u0001'.repeat(2_000_000), stack: '\u0001'.repeat(2_000_000) };
    const { payload } = taskArguments({ ...FAILED, error }, SETTINGS)[0];
    expect(payload.error).toBe(`${'\u0001'.repeat(MAX_ERROR_CHARS)}… (cut)`);
    expect(payload.stackTrace).toHaveLength(MAX_STACK_CHARS + '… (cut)'.length);
    expect(Buffer.byteLength(bytes({ ...FAILED, error }, SETTINGS))).toBeLessThan(300_000);
  });
});

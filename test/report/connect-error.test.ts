import { expect, test } from 'vitest';
import { describeConnectError } from '../../src/report/connect-error.ts';

test('a refused polling request is told by the system error, without the request', () => {
  const error = Object.assign(new Error('xhr poll error'), {
    description: 0,
    context: { statusText: new Error('connect ECONNREFUSED 127.0.0.1:9'), secret: 'token' },
  });
  expect(describeConnectError(error)).toBe('connect ECONNREFUSED 127.0.0.1:9');
});

test('several refused addresses are told by their code', () => {
  const cause = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
  expect(describeConnectError({ message: 'websocket error', description: { error: cause } })).toBe(
    'ECONNREFUSED',
  );
});

test('an answer that is no Socket.IO is told by its HTTP status', () => {
  expect(describeConnectError({ message: 'xhr poll error', description: 404 })).toBe(
    'HTTP status 404',
  );
});

test('a refusal by the receiver is told by its message', () => {
  expect(describeConnectError(new Error('not welcome'))).toBe('not welcome');
});

test('something that is no error is still told', () => {
  expect(describeConnectError(undefined)).toBe('unknown error');
});

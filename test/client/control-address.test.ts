import { expect, test } from 'vitest';
import { describeAddress, tcpUrl, upgradeTarget } from '../../src/client/control-address.ts';

test('a TCP address carries its token in a header, never in its URL or description', () => {
  const address = { url: 'http://127.0.0.1:8080', token: 'secret' };
  const target = upgradeTarget(address, '/v1/events?role=client');
  expect(target.url).toBe('http://127.0.0.1:8080/v1/events?role=client');
  expect(target.options.headers).toEqual({ authorization: 'Bearer secret' });
  expect(describeAddress(address)).not.toContain('secret');
});

test('a base URL may have a path and a slash at its end', () => {
  expect(tcpUrl('https://example.org/bell/', '/v1/status')).toBe(
    'https://example.org/bell/v1/status',
  );
});

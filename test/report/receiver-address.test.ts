import { expect, test } from 'vitest';
import { checkEventName, parseReceiver } from '../../src/report/receiver-address.ts';

test('the path of the url is the namespace, its query joins the configured one, which wins', () => {
  expect(parseReceiver('https://ring.example:8443/org?a=1&b=2', { b: '3' })).toEqual({
    origin: 'https://ring.example:8443',
    secure: true,
    namespace: '/org',
    query: { a: '1', b: '3' },
  });
});

test('a url without a path is the main namespace', () => {
  expect(parseReceiver('ws://127.0.0.1:3000', {}).namespace).toBe('/');
});

test('a url that is none stops the start, and is not repeated in the error', () => {
  for (const url of ['not a url', 'ftp://u:secret@host/']) {
    expect(() => parseReceiver(url, {})).toThrow(/^\[webSocket\] url: expected (?!.*secret)/);
  }
});

test('an event name that Socket.IO keeps for itself is refused by name', () => {
  expect(() => checkEventName('disconnect')).toThrow('got disconnect, which Socket.IO reserves');
  checkEventName('task');
});

/** What a gateway may say beside following, and who it says it is. */
import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { GatewayLinks } from '../../src/core/gateway-links.ts';
import { parseFromGateway } from '../../src/core/gateway-message.ts';
import { type FromGateway, MAX_PRESENCE_CHANGES } from '../../src/protocol/gateways.ts';

const CHANGE = { type: 'room', id: '7', user: 'ada', here: true };
const TOPIC = { type: 'room', id: '7' };

describe('a message', () => {
  test.each<FromGateway>([
    { action: 'present', changes: [CHANGE] },
    { action: 'watch', topics: [TOPIC] },
    { action: 'unwatch', topics: [TOPIC] },
  ])('of the kind $action is taken as it is', (message) => {
    expect(parseFromGateway(JSON.stringify(message))).toEqual(message);
  });

  test('may answer with whatever was asked for', () => {
    const answer = { action: 'answer', ask: 3, answer: { closed: 2 } };
    expect(parseFromGateway(JSON.stringify(answer))).toMatchObject({ action: 'answer', ask: 3 });
  });

  test.each([
    ['no JSON', '{'],
    ['an action of followers', '{"action":"attach"}'],
    ['no object', '7'],
    [
      'a change without its user',
      '{"action":"present","changes":[{"type":"a","id":"1","here":true}]}',
    ],
    ['an answer to nothing', '{"action":"answer","answer":{}}'],
    [
      'an id that is too long',
      JSON.stringify({ action: 'watch', topics: [{ type: 'a', id: 'x'.repeat(257) }] }),
    ],
    [
      'too many changes',
      JSON.stringify({ action: 'present', changes: Array(MAX_PRESENCE_CHANGES + 1).fill(CHANGE) }),
    ],
    [
      'too many topics',
      JSON.stringify({ action: 'watch', topics: Array(MAX_PRESENCE_CHANGES + 1).fill(TOPIC) }),
    ],
  ])('is refused when it is %s', (_name, text) => {
    expect(parseFromGateway(text)).toBeUndefined();
  });
});

describe('a follower', () => {
  function links() {
    const gone: string[] = [];
    const made = new GatewayLinks({ hear: () => {}, gone: ({ name }) => void gone.push(name) });
    const accept = (query: string) => {
      const socket = new EventEmitter() as unknown as WebSocket;
      return { socket, accepted: made.accept(socket, new URLSearchParams(query)) };
    };
    return { made, accept, gone };
  }

  test('is a gateway only if it says so', () => {
    const { made, accept } = links();
    expect(accept('').accepted).toBeUndefined();
    expect(accept('role=client&name=a').accepted).toBeUndefined();
    expect(made.all()).toEqual([]);
  });

  test('is known by its name, or by its process where it has none that can be used', () => {
    const { made, accept } = links();
    for (const query of ['name=b7', 'name=A%22&pid=12', 'pid=x']) accept(`role=gateway&${query}`);
    expect(made.all().map(({ name }) => name)).toEqual(['b7', 'pid-12', 'pid-unknown']);
  });

  test('is forgotten with its connection, and whoever merges presence hears of it', () => {
    const { made, accept, gone } = links();
    const { socket } = accept('role=gateway&name=b7');
    (socket as unknown as EventEmitter).emit('close');
    expect(made.all()).toEqual([]);
    expect(gone).toEqual(['b7']);
  });
});

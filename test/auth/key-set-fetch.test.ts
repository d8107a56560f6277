import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchKeySet } from '../../src/auth/key-set-fetch.ts';
import { type Answer, KeySetServer } from './key-set-server.ts';

const BOUNDS = { timeoutMs: 20_000, maxBytes: 65_536 };

let server: KeySetServer;
let url: string;
const stopped = new AbortController();

beforeEach(async () => {
  server = new KeySetServer();
  url = await server.start();
});
afterEach(() => server.stop());

function fetchAs(answer: Answer, bounds: Partial<typeof BOUNDS> = {}) {
  server.answer = answer;
  return fetchKeySet(url, { ...BOUNDS, ...bounds }, stopped.signal);
}

describe('what the other end answers', () => {
  it('comes as text, up to the bound', async () => {
    const text = 'x'.repeat(65_536);
    expect(await fetchAs((response) => void response.end(text))).toBe(text);
  });

  it.each([301, 302, 303, 307, 308])('with a redirect (%i) is not followed', async (status) => {
    const location = `${url}/elsewhere`;
    const answer = fetchAs((response) => void response.writeHead(status, { location }).end());
    await expect(answer).rejects.toMatchObject({
      code: 'E_UNAVAILABLE',
      message: `The key set at ${url} was answered with a redirect (${status}), which is not followed.`,
    });
    expect(server.requests).toBe(1);
  });

  it.each([201, 204, 401, 404, 500])('with status %i is refused', async (status) => {
    const answer = fetchAs((response) => void response.writeHead(status).end());
    await expect(answer).rejects.toThrow(`was answered with status ${status}`);
  });

  it('is cut off where it grows beyond the bound, however it is sent', async () => {
    const chunk = Buffer.alloc(16_384);
    let ended = false;
    const answer = fetchAs((response) => {
      response.on('close', () => {
        ended = true;
      });
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', pour);
      };
      pour();
    });
    await expect(answer).rejects.toThrow('is larger than 65536 bytes');
    await expect.poll(() => ended, { timeout: 20_000 }).toBe(true);
  });

  it('is not waited for when it drips', async () => {
    let drops: NodeJS.Timeout | undefined;
    const answer = fetchAs(
      (response) => {
        drops = setInterval(() => response.write('x'), 5);
        response.on('close', () => clearInterval(drops));
      },
      { timeoutMs: 200 },
    );
    await expect(answer).rejects.toThrow('did not come within 200 ms');
  });

  it('is not waited for when nothing comes at all', async () => {
    await expect(fetchAs(() => undefined, { timeoutMs: 100 })).rejects.toThrow('within 100 ms');
  });

  it('does not count when it closes half-way', async () => {
    const answer = fetchAs((response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"keys":[', () => response.destroy());
    });
    await expect(answer).rejects.toThrow('cannot be fetched');
  });

  it('does not count when it is no HTTP', async () => {
    const answer = fetchAs((response) => void response.socket?.end('garbage\r\n\r\n'));
    await expect(answer).rejects.toThrow('cannot be fetched');
  });
});

it('says so when nobody answers', async () => {
  await server.stop();
  const answer = fetchKeySet(url, BOUNDS, stopped.signal);
  await expect(answer).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
  await server.start();
});

it('ends with the reason of the signal when it is told to stop', async () => {
  const stop = new AbortController();
  server.answer = () => stop.abort(new Error('stopping'));
  await expect(fetchKeySet(url, BOUNDS, stop.signal)).rejects.toThrow('stopping');
});

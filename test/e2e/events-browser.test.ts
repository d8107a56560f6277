/** `taskbell/events` in a real browser, against the real daemon. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Site } from './daemon.ts';
import { findBrowser, HeadlessBrowser } from './headless-browser.ts';

const program = findBrowser();
if (program === undefined)
  process.stderr.write('no Chromium here: the client is not tested in a browser\n');

const KEYS = `[auth]
publicKeyFile = ./keys/public.pem
privateKeyFile = ./keys/private.pem
`;
const POLL = { timeout: 30_000, interval: 50 };

/** What a page does: it hears, and keeps what it heard. */
const page = (origin: string, token: string): string => `<!doctype html><script type="module">
import { connect } from '${origin}/sdk/taskbell.js';
window.seen = []; window.gaps = []; window.statuses = [];
const events = connect({
  url: '${origin}/ws', token: async () => '${token}', silenceMs: 1000, minDelayMs: 50, maxDelayMs: 500,
});
events.onStatus(({ status }) => window.statuses.push(status));
window.events = events;
const onGap = (gap) => window.gaps.push(gap);
window.subscription = events.attach({ type: 'issueUpdate', id: '*', onGap }, ({ id, data, seq }) => {
  window.seen.push({ id, data, seq });
});
</script>`;

describe.skipIf(program === undefined)('the client in a browser', { timeout: 120_000 }, () => {
  let site: Site;
  let browser: HeadlessBrowser;
  let server: Server;
  beforeAll(async () => {
    site = new Site(KEYS);
    await site.json('init');
    await site.up();
    const { gateway } = await site.api.status();
    const { token } = await site.json('token', 'issue', '--user', 'u1');
    const html = page(`http://127.0.0.1:${gateway?.port}`, token);
    server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(html);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = new HeadlessBrowser(program ?? '');
    await browser.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    await site.dispose();
  });

  async function publish(first: number, count: number): Promise<void> {
    for (let number = first; number < first + count; number += 1) {
      await site.api.publish({ type: 'issueUpdate', id: `i${number % 3}`, data: [number] });
    }
  }

  it('hears exactly what the log has, offline and back', async () => {
    await expect.poll(() => browser.evaluate('window.statuses?.at(-1)'), POLL).toBe('open');
    await browser.evaluate('window.subscription.attached');
    await publish(0, 20);
    await expect.poll(() => browser.evaluate('window.seen.length'), POLL).toBe(20);
    await browser.setOffline(true);
    await browser.evaluate('window.statuses.length = 0');
    const gone = 'window.statuses.includes("waiting")';
    await expect.poll(() => browser.evaluate(gone), POLL).toBe(true);
    await publish(20, 30);
    expect(await browser.evaluate('window.seen.length')).toBe(20);
    await browser.setOffline(false);
    await publish(50, 10);
    await expect
      .poll(() => browser.evaluate('window.seen.length'), POLL)
      .toBeGreaterThanOrEqual(60);
    const { events } = await site.api.eventPage({ since: '0', type: 'issueUpdate', limit: 1_000 });
    const log = events.map(({ id, data, seq }) => ({ id, data, seq }));
    expect(await browser.evaluate('window.seen')).toEqual(log);
    expect(await browser.evaluate('window.gaps')).toEqual([]);
  });

  it('waits for a job', async () => {
    const { id } = await site.api.add('echo', {});
    const end = await browser.evaluate(`window.events.waitForJob('${id}')`);
    expect(end).toMatchObject({ state: 'succeeded', type: 'echo' });
  });
});

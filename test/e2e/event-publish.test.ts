/** `event publish` and `event tail`. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Daemon, Site } from './daemon.ts';

const site = new Site('[event:invoicePaid]\ndescription = An invoice was paid\n');
let daemon: Daemon;
beforeAll(async () => {
  daemon = await site.up();
});
afterAll(() => site.dispose());

test('an event is in the log once publish has printed it, and tail prints it from its position', async () => {
  const event = await site.json('event', 'publish', 'issueUpdate', 'i1', '[{"n":1}]');
  expect(event).toMatchObject({ type: 'issueUpdate', id: 'i1', data: [{ n: 1 }], prev: null });
  const second = await site.json('event', 'publish', 'issueUpdate', 'i1');
  expect(second).toMatchObject({ data: [], prev: event.seq });
  const { stdout } = await site.run([
    'event',
    'tail',
    'issueUpdate/i1',
    '--since',
    '0',
    '-n',
    '2',
    '--json',
  ]);
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([event, second]);
});

test('tail of a type that does not exist is refused instead of waiting for ever', async () => {
  expect(await site.refusal(['event', 'tail', 'invoicePayed/1'])).toMatchObject({
    exitCode: 65,
    code: 'E_UNKNOWN_EVENT_TYPE',
    message: 'There is no event type invoicePayed; did you mean invoicePaid?',
  });
});

test('tail prints what happens from now on', async () => {
  const tailing = site.run(['event', 'tail', 'invoicePaid', '-n', '1']);
  // It attaches when it is up: published again until it has heard one.
  let ended = false;
  void tailing.then(() => {
    ended = true;
  });
  while (!ended) {
    await site.api.publish({ type: 'invoicePaid', id: 'a/1', data: [5] });
    await Promise.race([tailing, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  expect((await tailing).stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} \d+ invoicePaid\/a\/1 5\n$/);
});

test('the events of a job are emitted with its end, and not at all when it fails', async () => {
  const { top } = (await site.api.status()).log;
  const { id } = await site.api.add('publish', {});
  await site.api.wait(id);
  const { events } = await site.api.eventPage({ since: top });
  const story = events.map((event) =>
    event.type === 'job' ? `job ${stateOf(event.data)}` : event.type,
  );
  expect(story).toEqual([
    'job queued',
    'job running',
    'job running',
    'datasetUpdate',
    'uploadFile',
    'job succeeded',
  ]);
});

test('the log is the same after a restart', async () => {
  const before = await site.api.eventPage({ limit: 1_000 });
  await daemon.stop();
  daemon = await site.up();
  const after = await site.api.eventPage({ limit: 1_000 });
  expect(after.epoch).toBe(before.epoch);
  expect(after.events).toEqual(before.events);
});

test.each([
  [['issueUpdat', 'i1'], 'E_UNKNOWN_EVENT_TYPE', /issueUpdat.*did you mean issueUpdate\?/i],
  [['job', '1'], 'E_UNKNOWN_EVENT_TYPE', /Only Taskbell itself/],
  [['issueUpdate', 'i1', '{}'], 'E_INVALID_REQUEST', /array/],
  [['issueUpdate', 'i1', '[1,]'], 'E_INVALID_JSON', /line 1, column 4/],
  [['issueUpdate', 'x'.repeat(257)], 'E_INVALID_REQUEST', /256 bytes/],
])('a bad event (%#) is refused, and the log stays as it is', async (args, code, message) => {
  const { top } = (await site.api.status()).log;
  const refused = await site.refusal(['event', 'publish', ...args]);
  expect(refused).toMatchObject({ exitCode: 65, stdout: '', code });
  expect(refused.message).toMatch(message);
  expect((await site.api.status()).log.top).toBe(top);
});

function stateOf(data: readonly unknown[]): string {
  return (data[0] as { state: string }).state;
}

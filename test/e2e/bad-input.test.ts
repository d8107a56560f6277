/** Bad input at a running service: a clear error with its code, and what was accepted is still there. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Site } from './daemon.ts';

const site = new Site();
let accepted: string;
beforeAll(async () => {
  await site.up();
  accepted = (await site.api.add('echo', { kept: true }, { delayMs: 3_600_000 })).id;
});
// Whatever was refused: nothing was added, and what was there is whole.
afterEach(async () => {
  const { jobs } = await site.api.list();
  expect(jobs.map(({ id }) => id)).toEqual([accepted]);
  expect(await site.api.get(accepted)).toMatchObject({
    state: 'scheduled',
    payload: { kept: true },
  });
});
afterAll(() => site.dispose());

test('malformed JSON names the place of the mistake', async () => {
  expect(await site.refusal(['job', 'add', 'echo', '{"a":}'])).toMatchObject({
    exitCode: 65,
    code: 'E_INVALID_JSON',
    message: expect.stringContaining('line 1, column 6'),
  });
});

test('an unknown type is answered with the name that was meant', async () => {
  const refused = await site.refusal(['job', 'add', 'ecco', '1']);
  expect(refused).toMatchObject({ exitCode: 65, code: 'E_UNKNOWN_TYPE' });
  expect(refused.message).toMatch(/There is no job type ecco.*did you mean echo\?/);
});

test('a payload that its schema refuses', async () => {
  const refused = await site.refusal(['job', 'add', 'strict', '{"to":5}']);
  expect(refused).toMatchObject({ exitCode: 65, code: 'E_PAYLOAD_INVALID' });
  expect(refused.message).toMatch(/strict.*to.*expected text/);
});

test('a file that does not exist', async () => {
  expect(await site.refusal(['job', 'add', 'echo', '@nowhere.json'])).toMatchObject({
    exitCode: 66,
    code: 'E_INPUT_FILE',
    message: expect.stringContaining('nowhere.json does not exist'),
  });
});

test('values that no option takes, and options that exclude each other', async () => {
  for (const args of [
    ['--priority', '1001'],
    ['--delay', 'soon'],
    ['--at', 'tomorrow'],
    ['--delay', '1s', '--at', '2030-01-01T00:00:00Z'],
  ]) {
    expect(await site.refusal(['job', 'add', 'echo', '1', ...args])).toMatchObject({
      exitCode: 64,
      code: 'E_USAGE',
    });
  }
});

test('a batch with one bad job is refused whole', async () => {
  const batch = [{ type: 'echo' }, { type: 'echo', priority: 1.5 }];
  await expect(site.api.addMany(batch)).rejects.toMatchObject({
    code: 'E_INVALID_REQUEST',
    message: expect.stringMatching(/Job 2 of the array.*priority/),
  });
  await expect(site.api.addMany([{ type: 'echo' }, { type: 'nobody' }])).rejects.toMatchObject({
    code: 'E_UNKNOWN_TYPE',
  });
});

test('a misspelt command is answered with the one that was meant', async () => {
  expect(await site.refusal(['jbo', 'add', 'echo'])).toMatchObject({
    exitCode: 64,
    code: 'E_USAGE',
    hint: expect.stringContaining('job'),
  });
  expect(await site.refusal(['job', 'ad', 'echo'])).toMatchObject({
    exitCode: 64,
    hint: expect.stringContaining('add'),
  });
});

test('without --json the error is for people: message, code and next step', async () => {
  const { stderr, stdout } = await site.run(['job', 'add', 'ecco']);
  expect(stdout).toBe('');
  expect(stderr).toMatch(
    /^taskbell: There is no job type ecco.*\(E_UNKNOWN_TYPE\)\n {2}Put a handler file/,
  );
});

/** A whole service that encrypts: jobs run as ever, nothing of them is in its files, and it needs its key. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Site } from './daemon.ts';

const MARKER = 'xq7marker';

const site = new Site('[privacy]\nkeysFile = ./payload-keys\nredact = name\n');
afterAll(() => site.dispose());

test('a service works with its keys, and ends with 78 without them', async () => {
  const { stdout: key } = await site.run(['key', 'generate', '--id', 'k1']);
  site.write('payload-keys', key);
  const daemon = await site.up();
  const payload = { name: MARKER };
  const job = await site.json('job', 'add', 'note', JSON.stringify(payload), '--wait');
  expect(job).toMatchObject({ state: 'succeeded', payload: { name: '[redacted]' } });
  expect(site.lines('order.trace')).toEqual([MARKER]);
  expect(await site.api.get(job.id, { reveal: true })).toMatchObject({ payload });
  expect(filesWith(MARKER)).toEqual([]);
  expect(await daemon.stop()).toBe(0);
  expect(filesWith(MARKER)).toEqual([]);
  expect(daemon.output).not.toContain(MARKER);

  const { stdout: other } = await site.run(['key', 'generate', '--id', 'k2']);
  site.write('payload-keys', other);
  const { exitCode, stderr } = await site.start().ended;
  expect(exitCode).toBe(78);
  expect(stderr).toContain('encrypted with the key k1; expected it in [privacy] keysFile');
  expect(site.processes()).toEqual([]);
});

/** Whatever the service has written of its own. */
function filesWith(text: string): readonly string[] {
  const files = readdirSync(site.dataDirectory, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .map((file) => path.join(file.parentPath, file.name))
    .filter((file) => readFileSync(file).includes(text));
}

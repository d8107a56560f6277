import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { UsageSampler } from '../../src/executor/process-usage.ts';

test('a process that has ended and is not waited for shows its time, but no memory', async () => {
  const shell = spawn('/bin/sh', ['-c', 'sleep 0.5 & echo $!; exec sleep 30']);
  onTestFinished(() => void shell.kill('SIGKILL'));
  const [line] = (await once(shell.stdout, 'data')) as [Buffer];
  const pid = Number(String(line));
  await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'latin1')).toContain(') Z ');
  const sampler = new UsageSampler(pid);
  sampler.sample();
  expect(sampler.stop()).toEqual({ cpuMs: 0 });
});

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signal } from '../../src/process/process-identity.ts';
import type { Dependencies } from '../../src/protocol/execute.ts';
import { commandJob, openWorkshop, shellJob, type Workshop } from './workshop.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.clear());

const onLinux = existsSync('/proc/self/stat');

function dependenciesOf(size: number): Dependencies {
  const job = { id: '7', ref: 'a', type: 'part', state: 'succeeded', error: null } as const;
  return {
    ...{ total: 1, succeeded: 1, failed: 0, cancelled: 0 },
    results: [{ ...job, result: 'x'.repeat(size) }],
  };
}

async function runOne(script: string, payload: unknown = null) {
  await shop.start([shellJob('sh', script)]);
  shop.core.run({ id: '1', type: 'sh', payload: payload as null });
  return shop.core.outcome('1');
}

describe('a command handler', () => {
  it('gets the payload as a JSON line and the facts of the job as variables', async () => {
    const script = `read -r line; printf '{"line":%s,"env":"%s"}\\n' "$line" \
      "$JOB_ID $JOB_TYPE $JOB_ATTEMPT $JOB_QUEUE $JOB_USER_ID $JOB_CREATED_AT"`;
    await shop.start([shellJob('sh', script)]);
    shop.core.run({
      id: '9',
      type: 'sh',
      attempt: 3,
      payload: { ä: 'ö' },
      queue: 'q',
      userId: 'u',
    });
    expect(await shop.core.outcome('9', 3)).toMatchObject({
      outcome: 'succeeded',
      exitCode: 0,
      result: { line: { ä: 'ö' }, env: '9 sh 3 q u 2023-11-14T22:13:20.000Z' },
    });
  });

  it('sees a scrubbed environment: what it needs, its section, the marks, no secrets', async () => {
    await shop.start([
      commandJob('env', ['env'], { environment: { COLOUR: 'red', JOB_ID: 'forged' } }),
    ]);
    shop.core.run({ id: '1', type: 'env' });
    await shop.core.outcome('1');
    const { executor } = await shop.core.hello();
    const seen = shop.core.lines('1').map((line) => line.replace('info: ', ''));
    expect(seen.toSorted()).toEqual(
      [
        'COLOUR=red',
        'JOB_ATTEMPT=1',
        'JOB_CREATED_AT=2023-11-14T22:13:20.000Z',
        'JOB_ID=1',
        'JOB_QUEUE=default',
        'JOB_TYPE=env',
        'LC_ALL=C.UTF-8',
        `PATH=${process.env.PATH}`,
        `TASKBELL_EXECUTOR=${executor}`,
        'TASKBELL_RUN=test-run',
      ].toSorted(),
    );
  });

  it('runs without a shell, in its working directory', async () => {
    const place = path.join(shop.root, 'place');
    mkdirSync(place);
    await shop.start([
      commandJob('say', ['echo', '$HOME; rm -rf *']),
      commandJob('pwd', ['pwd'], { workingDirectory: place }),
    ]);
    shop.core.run({ id: '1', type: 'say' }, { id: '2', type: 'pwd' });
    await Promise.all([shop.core.outcome('1'), shop.core.outcome('2')]);
    expect(shop.core.lines('1')).toEqual(['info: $HOME; rm -rf *']);
    expect(shop.core.lines('2')).toEqual([`info: ${place}`]);
  });

  it('takes the last line of its output as the result, if that is JSON', async () => {
    await shop.start([
      shellJob('json', `echo noise; echo '{"rows":3}'; echo '::progress 1'; echo`),
      shellJob('text', `echo '{"rows":3}'; echo finished`),
      shellJob('none', 'true'),
    ]);
    shop.core.run({ id: '1', type: 'json' }, { id: '2', type: 'text' }, { id: '3', type: 'none' });
    expect(await shop.core.outcome('1')).toMatchObject({ result: { rows: 3 } });
    expect(await shop.core.outcome('2')).toMatchObject({ outcome: 'succeeded', result: null });
    expect(await shop.core.outcome('3')).toMatchObject({ outcome: 'succeeded', result: null });
  });

  it('tells its progress, events and log lines on its output', async () => {
    const script = `echo '::progress 3/10 reading'; echo one; echo two >&2
      echo '::event datasetUpdate weather [{"rows":12}]'; echo '::event uploadFile a.csv'
      echo '::event nope 1'; echo '::progress much'`;
    const outcome = await runOne(script);
    expect(outcome.events).toEqual([
      { type: 'datasetUpdate', id: 'weather', data: [{ rows: 12 }] },
      { type: 'uploadFile', id: 'a.csv', data: [] },
    ]);
    const values = shop.core.all('progress').flatMap((message) => message.progress);
    expect(values[0]?.value).toEqual({ fraction: 0.3, done: 3, total: 10, message: 'reading' });
    const lines = shop.core.lines('1');
    expect(lines).toContain('info: one');
    expect(lines).toContain('stderr: two');
    expect(lines.join('\n')).toMatch(/error: ::event refused: .*"nope"/);
    expect(lines.join('\n')).toMatch(/warn: ::progress much: expected/);
  });

  it('that exits with another code than 0 fails with the code and the end of its stderr', async () => {
    const outcome = await runOne('echo first >&2; echo last words >&2; exit 3');
    expect(outcome).toMatchObject({ outcome: 'error', exitCode: 3 });
    expect(outcome.error).toEqual({
      name: 'CommandFailed',
      message: 'command exited with code 3\nfirst\nlast words',
    });
    expect(outcome.retryable).toBeUndefined();
  });

  it('that exits with 65 is not tried again', async () => {
    expect(await runOne('exit 65')).toMatchObject({ exitCode: 65, retryable: false });
  });

  it('that dies of a signal says which', async () => {
    const outcome = await runOne('kill -SEGV $$');
    expect(outcome).toMatchObject({
      outcome: 'error',
      error: { message: 'command was ended by SIGSEGV' },
    });
    expect(outcome).not.toHaveProperty('exitCode');
  });

  it('whose program or directory is missing fails for good and says what to check', async () => {
    await shop.start([
      commandJob('gone', ['/no/such/program']),
      commandJob('lost', ['true'], { workingDirectory: '/no/such/place' }),
    ]);
    shop.core.run({ id: '1', type: 'gone' }, { id: '2', type: 'lost' });
    const [gone, lost] = await Promise.all([shop.core.outcome('1'), shop.core.outcome('2')]);
    expect(gone).toMatchObject({ outcome: 'error', retryable: false });
    expect(gone.error?.message).toMatch(/\/no\/such\/program .*ENOENT.*\[job:gone\]/);
    expect(lost.error?.message).toMatch(/working directory \/no\/such\/place does not exist/);
  });

  it('learns its group and what it was added after', async () => {
    await shop.start([
      shellJob('sh', `printf '["%s",%s]\\n' "$JOB_GROUP" "\${JOB_DEPENDENCIES:-0}"`),
    ]);
    const dependencies = dependenciesOf(3);
    shop.core.run({ id: '1', type: 'sh', group: 'tenant-1', dependencies });
    shop.core.run({ id: '2', type: 'sh' });
    expect((await shop.core.outcome('1')).result).toEqual(['tenant-1', dependencies]);
    expect((await shop.core.outcome('2')).result).toEqual(['', 0]);
  });

  it('finds in a file what it was added after when that is too large, and the file is gone afterwards', async () => {
    const dependencies = dependenciesOf(1_000_000);
    await shop.start([
      shellJob(
        'sh',
        `ls -l "$JOB_DEPENDENCIES_FILE" | cut -c1-10 >&2; cksum < "$JOB_DEPENDENCIES_FILE" >&2
         printf '["%s","%s"]\\n' "$JOB_DEPENDENCIES" "$JOB_DEPENDENCIES_FILE"`,
      ),
    ]);
    shop.core.run({ id: '1', type: 'sh', dependencies });
    const [variable, file] = (await shop.core.outcome('1')).result as [string, string];
    expect(variable).toBe('');
    expect(existsSync(path.dirname(file))).toBe(false);
    const bytes = Buffer.byteLength(JSON.stringify(dependencies));
    expect(shop.core.lines('1').filter((line) => line.startsWith('stderr: '))).toEqual([
      'stderr: -rw-------',
      expect.stringMatching(new RegExp(`^stderr: \\d+ ${bytes}$`)),
    ]);
  });

  it('may ignore its input, however large', async () => {
    expect(await runOne('exit 0', 'x'.repeat(1_000_000))).toMatchObject({ outcome: 'succeeded' });
  });

  it('that writes without end keeps 1 MiB of log, and its last line still counts', async () => {
    const outcome = await runOne(
      `yes 0123456789012345678901234567890 | head -c 8000000; echo '\n{"ok":1}'`,
    );
    expect(outcome).toMatchObject({ outcome: 'succeeded', result: { ok: 1 } });
    const lines = shop.core.lines('1');
    expect(lines.join('').length).toBeLessThan(1_500_000);
    expect(lines.at(-1)).toMatch(/^warn: log limit of 1048576 characters reached/);
  });

  it.runIf(onLinux)('has its CPU time and peak memory recorded (needs Linux: /proc)', async () => {
    const burn = `const end = process.cpuUsage().user + 300_000; const keep = Buffer.alloc(64 << 20, 1);
      while (process.cpuUsage().user < end); console.log(keep.length)`;
    await shop.start([commandJob('burn', [process.execPath, '-e', burn])]);
    shop.core.run({ id: '1', type: 'burn' });
    const { outcome, cpuMs = 0, peakBytes = 0 } = await shop.core.outcome('1');
    expect(outcome).toBe('succeeded');
    expect(cpuMs).toBeGreaterThanOrEqual(290);
    expect(cpuMs).toBeLessThan(10_000);
    expect(peakBytes).toBeGreaterThan(64 << 20);
  });
});

describe('the process group of a command', () => {
  it('is told to the core at once, and is its own', async () => {
    await shop.start([shellJob('sleep', 'echo started; exec sleep 100')]);
    shop.core.run({ id: '1', type: 'sleep' });
    const { group } = await shop.core.until(() => shop.core.all('spawned')[0], 'spawned');
    if (onLinux) {
      const stat = readFileSync(`/proc/${group.pid}/stat`, 'latin1').split(') ')[1]?.split(' ');
      expect(Number(stat?.[2])).toBe(group.pid);
      expect(stat?.[19]).toBe(group.startTime);
    }
    shop.core.send({ kind: 'cancel', id: '1', attempt: 1 });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'cancelled' });
    expect(signal(group.pid, 0)).toBe(false);
  });

  it('is ended whole by a cancel, grandchildren included', async () => {
    await shop.start([shellJob('tree', 'sleep 1000 & echo "$!"; echo started; wait')]);
    shop.core.run({ id: '1', type: 'tree' });
    await shop.core.until(
      () => (shop.core.lines('1').includes('info: started') ? true : undefined),
      'start',
    );
    const grandchild = Number(shop.core.lines('1')[0]?.replace('info: ', ''));
    expect(signal(grandchild, 0)).toBe(true);
    shop.core.send({ kind: 'cancel', id: '1', attempt: 1 });
    await shop.core.outcome('1');
    expect(runsStill(grandchild)).toBe(false);
  });

  it('loses what the command left behind before the attempt ends', async () => {
    await shop.start([shellJob('leak', `sleep 1000 & echo "{\\"pid\\":$!}"`)]);
    shop.core.run({ id: '1', type: 'leak' });
    const { outcome, result } = await shop.core.outcome('1');
    expect(outcome).toBe('succeeded');
    expect(runsStill((result as { pid: number }).pid)).toBe(false);
  });

  it('gets SIGTERM first, and a command that cleans up may say so', async () => {
    await shop.start([
      shellJob(
        'tidy',
        `trap 'echo tidied; exit 0' TERM; echo started; while :; do sleep 0.05; done`,
      ),
    ]);
    shop.core.run({ id: '1', type: 'tidy', timeoutMs: 300 });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'timeout', exitCode: 0 });
    expect(shop.core.lines('1')).toContain('info: tidied');
  });

  it('gets SIGKILL when it ignores SIGTERM', async () => {
    await shop.start([
      shellJob('deaf', `trap '' TERM; echo started; while :; do sleep 0.05; done`),
    ]);
    shop.core.run({ id: '1', type: 'deaf' });
    const { group } = await shop.core.until(() => shop.core.all('spawned')[0], 'spawned');
    await shop.core.until(
      () => (shop.core.lines('1').includes('info: started') ? true : undefined),
      'start',
    );
    shop.core.send({ kind: 'cancel', id: '1', attempt: 1 });
    const { outcome, durationMs } = await shop.core.outcome('1');
    expect(outcome).toBe('cancelled');
    expect(durationMs).toBeGreaterThan(4_900);
    expect(runsStill(group.pid)).toBe(false);
  });
});

/** A zombie that nobody waits for does not run. */
function runsStill(pid: number): boolean {
  if (!onLinux) return signal(pid, 0);
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0];
    return state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}

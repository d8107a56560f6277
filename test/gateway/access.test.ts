import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlHttp } from '../../src/client/control-http.ts';
import type { AccessSettings } from '../../src/config/settings.ts';
import { type AccessCheck, createAccessCheck } from '../../src/gateway/access.ts';
import { CoreFixture } from './core-fixture.ts';

const JOB = { user: 'ada', type: 'job', id: '1' };
const ISSUE = { user: 'ada', type: 'issueUpdate', id: 'proj1.a' };
const signal = new AbortController().signal;
const NO_HOOK = { hookUrl: null, hookSecretFile: null, hookTimeout: 2_000, hookCacheTime: 30_000 };

let directory: string;
let core: CoreFixture;
let http: ControlHttp;
let lines: string[];
let access: AccessCheck;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'taskbell-access-'));
  core = new CoreFixture(join(directory, 'control.sock'));
  http = new ControlHttp({ socketPath: core.socketPath }, 0);
  lines = [];
});
afterEach(async () => {
  access.close();
  http.close();
  await core.stop();
  rmSync(directory, { recursive: true, force: true });
});

type Modes = Pick<AccessSettings, 'users' | 'datasets'>;

function create(modes: Modes, patienceMs?: number): void {
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const patience = patienceMs === undefined ? {} : { patienceMs };
  const live = { isUsed: () => false, recheck: () => {} };
  const settings = { ...modes, ...NO_HOOK };
  access = createAccessCheck({ settings, http, log, live, ...patience });
}

const may = (question: { user: string; type: string; id: string } = ISSUE) =>
  access.check(question, signal);
const granting = (...ids: readonly string[]) => ({
  known: true,
  grants: ids.map((id) => ({ type: 'issueUpdate', id })),
  complete: true,
});

it('asks nobody when everything is open', async () => {
  create({ users: 'any', datasets: 'any' });
  expect(await may()).toBe(0);
});

describe('with the directory', () => {
  const BOTH: Modes = { users: 'directory', datasets: 'directory' };

  it('answers 3 for who is unknown, 4 for what is not granted, 0 for what is', async () => {
    await core.start();
    create(BOTH);
    core.access = () => ({ known: false, grants: [], complete: true });
    expect(await may()).toBe(3);
    core.access = () => granting('other');
    expect(await may()).toBe(4);
    core.access = () => granting('proj1.a');
    expect(await may()).toBe(0);
    expect(core.questions).toEqual([]);
  });

  it('asks only for the grant where any user may come', async () => {
    await core.start();
    create({ users: 'any', datasets: 'directory' });
    core.access = () => ({ ...granting('proj1.a'), known: false });
    expect(await may()).toBe(0);
    expect(await may({ ...ISSUE, id: 'other' })).toBe(4);
  });

  it('lets a pattern pass where a grant covers all of it', async () => {
    await core.start();
    create({ users: 'any', datasets: 'directory' });
    core.access = () => granting('proj1.*', 'proj2.a');
    expect(await may({ ...ISSUE, id: 'proj1.*' })).toBe(0);
    expect(await may({ ...ISSUE, id: 'proj1.x.*' })).toBe(0);
    expect(await may({ ...ISSUE, id: 'proj2.*' })).toBe(4);
    expect(await may({ ...ISSUE, id: '*' })).toBe(4);
    expect(await may({ ...ISSUE, type: 'uploadFile' })).toBe(4);
  });

  it('asks the core whose a job is, and about objects of who holds more grants than it tells', async () => {
    await core.start();
    create(BOTH);
    core.access = () => granting();
    expect(await may(JOB)).toBe(0);
    core.access = () => ({ known: true, grants: [], complete: false });
    expect(await may({ ...ISSUE, user: 'eve' })).toBe(0);
    expect(core.questions).toEqual([JOB, { ...ISSUE, user: 'eve' }]);
    core.answer = () => 4;
    expect(await may(JOB)).toBe(4);
  });

  it('lets a user see its own notifications, and no pattern that it is called like', async () => {
    await core.start();
    create({ users: 'any', datasets: 'directory' });
    core.access = () => granting();
    expect(await may({ user: 'ada', type: 'notification', id: 'ada' })).toBe(0);
    expect(await may({ user: 'team.*', type: 'notification', id: 'team.*' })).toBe(4);
  });
});

describe('what is held', () => {
  const HELD: Modes = { users: 'directory', datasets: 'directory' };
  beforeEach(async () => {
    await core.start();
    create(HELD);
    core.access = () => granting('proj1.*');
  });

  it('answers without asking, while news come in', async () => {
    access.setInformed(true);
    expect(await may()).toBe(0);
    expect(await may({ ...ISSUE, id: 'proj1.b' })).toBe(0);
    expect(core.users).toEqual(['ada']);
  });

  it('counts for nothing while no news can come', async () => {
    access.setInformed(true);
    await may();
    access.setInformed(false);
    await may();
    await may();
    expect(core.users).toHaveLength(3);
    access.setInformed(true);
    await may();
    expect(core.users).toHaveLength(4);
  });

  it('is asked for anew after a change of that user, and of no other', async () => {
    access.setInformed(true);
    await may();
    access.forget('eve');
    await may();
    expect(core.users).toHaveLength(1);
    access.forget('ada');
    core.access = () => granting();
    expect(await may()).toBe(4);
  });

  it('never denies: a grant counts at once', async () => {
    access.setInformed(true);
    core.access = () => granting();
    expect(await may()).toBe(4);
    core.access = () => granting('*');
    expect(await may()).toBe(0);
  });

  it('is not what was on its way when the change was told', async () => {
    access.setInformed(true);
    let tell = (_access: unknown): void => {};
    core.access = () =>
      new Promise((resolve) => {
        tell = resolve;
      });
    const early = may();
    await expect.poll(() => core.users.length).toBe(1);
    access.forget('ada');
    core.access = () => granting();
    tell(granting('*'));
    await early;
    expect(await may()).toBe(4);
  });

  it('is asked for once where many wait for it', async () => {
    access.setInformed(true);
    const answers = Array.from({ length: 50 }, () => may());
    expect(new Set(await Promise.all(answers))).toEqual(new Set([0]));
    expect(core.users).toHaveLength(1);
  });
});

describe('a core that is away', () => {
  const DATASETS: Modes = { users: 'any', datasets: 'directory' };

  it('is waited for a moment', async () => {
    create(DATASETS);
    const answer = may(JOB);
    await core.start();
    expect(await answer).toBe(0);
    expect(lines).toEqual([]);
  });

  it('for long is a no, with a line and a count', async () => {
    create(DATASETS, 100);
    expect(await may()).toBe(4);
    expect(lines).toEqual([
      expect.stringContaining('access denied because the core gave no answer'),
    ]);
    expect(access.counts.coreAway).toBe(1);
  });

  it('is said once, however many are denied', async () => {
    create(DATASETS, 1);
    const warnings: Error[] = [];
    const warn = (warning: Error): number => warnings.push(warning);
    process.on('warning', warn);
    const answers = await Promise.all(Array.from({ length: 50 }, () => may()));
    // The runtime warns in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warn);
    expect(new Set(answers)).toEqual(new Set([4]));
    expect(lines).toHaveLength(1);
    expect(access.counts.coreAway).toBe(50);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['a user', { known: 'yes' }, 0],
    ['an object', { known: true, grants: [], complete: false }, 7],
  ])('with an answer about %s that makes no sense is a no at once', async (_what, facts, code) => {
    await core.start();
    core.access = () => facts;
    core.answer = () => code as never;
    create(DATASETS);
    expect(await may()).toBe(4);
    expect(core.users).toHaveLength(1);
    expect(lines).toHaveLength(1);
  });

  it('is not waited for by a connection that has gone', async () => {
    create(DATASETS, 300);
    const gone = new AbortController();
    const answer = access.check(JOB, gone.signal);
    gone.abort();
    await expect(answer).rejects.toThrow();
    expect(lines).toEqual([]);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlHttp } from '../../src/client/control-http.ts';
import type { AccessSettings } from '../../src/config/settings.ts';
import { type AccessCheck, createAccessCheck } from '../../src/gateway/access.ts';
import { QUESTIONS_AT_ONCE } from '../../src/gateway/access-hook.ts';
import { verdictOf } from '../../src/gateway/access-hook-answer.ts';
import { readSecrets, signatureHeaders } from '../../src/protocol/webhook-signature.ts';
import { CoreFixture } from './core-fixture.ts';
import { allow, deny, HookService } from './hook-service.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const ISSUE = { user: 'ada', type: 'issueUpdate', id: '7' };
const signal = new AbortController().signal;
/** Long enough for a machine that is busy. */
const TIMEOUT_MS = 20_000;

let directory: string;
let core: CoreFixture;
let http: ControlHttp;
let service: HookService;
let lines: string[];
let access: AccessCheck;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'taskbell-hook-'));
  core = new CoreFixture(join(directory, 'control.sock'));
  http = new ControlHttp({ socketPath: core.socketPath }, 0);
  service = new HookService();
  lines = [];
  await service.start();
});
afterEach(async () => {
  access.close();
  http.close();
  await service.stop();
  await core.stop();
  rmSync(directory, { recursive: true, force: true });
});

function create(changes: Partial<AccessSettings> = {}): void {
  const settings: AccessSettings = {
    ...{ users: 'any', datasets: 'hook', hookUrl: service.url, hookSecretFile: null },
    ...{ hookTimeout: TIMEOUT_MS, hookCacheTime: 60_000 },
    ...changes,
  };
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const live = { isUsed: () => false, recheck: () => {} };
  access = createAccessCheck({ settings, http, log, live, patienceMs: 100 });
}

const may = (question = ISSUE) => access.check(question, signal);

describe('a service that decides', () => {
  it('about objects is asked with user, type and id: no is 4', async () => {
    create();
    expect(await may()).toBe(0);
    service.answer = deny;
    expect(await may({ ...ISSUE, id: '8' })).toBe(4);
    expect(service.questions).toEqual([ISSUE, { ...ISSUE, id: '8' }]);
  });

  it('about users is asked with the user alone: no is 3', async () => {
    create({ users: 'hook', datasets: 'any' });
    expect(await may()).toBe(0);
    service.answer = deny;
    expect(await may({ ...ISSUE, user: 'mallory' })).toBe(3);
    expect(service.questions).toEqual([{ user: 'ada' }, { user: 'mallory' }]);
  });

  it('is not asked about objects of an unknown user, nor about its own', async () => {
    create({ users: 'hook' });
    expect(await may({ user: 'ada', type: 'notification', id: 'ada' })).toBe(0);
    service.answer = deny;
    expect(await may({ ...ISSUE, user: 'eve' })).toBe(3);
    expect(service.questions).toEqual([{ user: 'ada' }, { user: 'eve' }]);
  });

  it('is not asked about a job that is the own, and is about others', async () => {
    await core.start();
    create();
    service.answer = deny;
    core.answer = ({ id }) => (id === 'own' ? 0 : 4);
    expect(await may({ ...ISSUE, type: 'job', id: 'own' })).toBe(0);
    expect(await may({ ...ISSUE, type: 'job', id: 'foreign' })).toBe(4);
    expect(service.questions).toEqual([{ user: 'ada', type: 'job', id: 'foreign' }]);
  });

  it('is asked about a pattern as it was written', async () => {
    create();
    await may({ ...ISSUE, id: 'proj1.*' });
    expect(service.questions).toEqual([{ ...ISSUE, id: 'proj1.*' }]);
  });

  it('can tell by the signature who asks, and when', async () => {
    const hookSecretFile = join(directory, 'hook.secret');
    writeFileSync(hookSecretFile, `${SECRET}\n`, { mode: 0o600 });
    create({ hookSecretFile });
    await may();
    const [call] = service.calls;
    const id = String(call?.headers['webhook-id']);
    const timestamp = Number(call?.headers['webhook-timestamp']);
    expect(Math.abs(timestamp * 1_000 - Date.now())).toBeLessThan(300_000);
    const message = { id, timestamp, body: call?.body ?? '' };
    expect(call?.headers).toMatchObject(signatureHeaders(message, readSecrets(SECRET)));
  });

  it('is not asked with a secret that is none', () => {
    const hookSecretFile = join(directory, 'hook.secret');
    writeFileSync(hookSecretFile, 'hunter2\n');
    expect(() => create({ hookSecretFile })).toThrow(/hookSecretFile .*expected whsec_/);
    create({ hookSecretFile: null });
  });
});

describe('an answer', () => {
  it('is kept, yes or no, until it is old', async () => {
    create();
    await may();
    await may();
    service.answer = deny;
    expect([await may({ ...ISSUE, id: '8' }), await may({ ...ISSUE, id: '8' })]).toEqual([4, 4]);
    expect(service.calls).toHaveLength(2);
    expect(access.counts.hook).toEqual({ asked: 2, held: 2, failed: 0 });
  });

  it('is not kept where that is not wanted', async () => {
    create({ hookCacheTime: 0 });
    await may();
    service.answer = deny;
    expect(await may()).toBe(4);
  });

  it('counts no more after a time', async () => {
    create({ hookCacheTime: 1 });
    await may();
    service.answer = deny;
    await expect.poll(() => may(), { timeout: 20_000 }).toBe(4);
  });

  it('counts no more after the user was forgotten, on its way or not', async () => {
    create();
    await may();
    let answerLate = (): void => {};
    service.answer = (response) => {
      answerLate = () => allow(response);
    };
    const late = may({ ...ISSUE, id: '8' });
    await expect.poll(() => service.calls.length, { timeout: 20_000 }).toBe(2);
    access.forget('ada');
    service.answer = deny;
    expect(await may()).toBe(4);
    answerLate();
    expect(await late).toBe(0);
    expect(await may({ ...ISSUE, id: '8' })).toBe(4);
  });

  it('is waited for once by all who ask the same', async () => {
    create();
    const answers = await Promise.all(Array.from({ length: 100 }, () => may()));
    expect(new Set(answers)).toEqual(new Set([0]));
    expect(service.calls).toHaveLength(1);
  });

  it('is waited for by so many questions at once, and no more', async () => {
    create();
    const waiting: ServerResponse[] = [];
    service.answer = (response) => void waiting.push(response);
    const answers = Promise.all(
      Array.from({ length: 3 * QUESTIONS_AT_ONCE }, (_, id) => may({ ...ISSUE, id: String(id) })),
    );
    await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(QUESTIONS_AT_ONCE);
    service.answer = allow;
    for (const response of waiting) allow(response);
    expect(new Set(await answers)).toEqual(new Set([0]));
    expect(service.mostUnderWay).toBe(QUESTIONS_AT_ONCE);
  });
});

describe('no answer', () => {
  it.each([
    ['a redirect', (response: ServerResponse) => redirect(response)],
    ['an error', (response: ServerResponse) => void response.writeHead(500).end('{"allow":true}')],
    ['a refused signature', (response: ServerResponse) => void response.writeHead(401).end()],
    ['something else', (response: ServerResponse) => void response.end('<html>Welcome</html>')],
    ['yes in other words', (response: ServerResponse) => void response.end('{"allow":"true"}')],
    ['nothing', (response: ServerResponse) => void response.end()],
    [
      'too much',
      (response: ServerResponse) => void response.end(`{"allow":true}${' '.repeat(9_000)}`),
    ],
    ['a closed connection', (response: ServerResponse) => void response.destroy()],
  ])('is %s: denied, said, and not kept', async (_what, answer) => {
    create();
    service.answer = answer;
    expect(await may()).toBe(4);
    expect(lines).toEqual([
      expect.stringContaining('access denied because the access hook gave no answer'),
    ]);
    expect(access.counts.hook.failed).toBe(1);
    service.answer = allow;
    expect(await may()).toBe(0);
  });

  it('is one that does not come in time', async () => {
    create({ hookTimeout: 50 });
    service.answer = () => {};
    expect(await may()).toBe(4);
    expect(access.counts.hook.failed).toBe(1);
  });

  it('is said once, however many are denied', async () => {
    await service.stop();
    create({ users: 'hook' });
    for (let n = 0; n < 20; n += 1) expect(await may({ ...ISSUE, user: `user${n}` })).toBe(3);
    expect(lines).toHaveLength(1);
    expect(access.counts.hook.failed).toBe(20);
  });

  it('was only a connection that had been closed for its rest: the question is asked again', async () => {
    create({ hookCacheTime: 0 });
    for (let n = 0; n < 20; n += 1) {
      expect(await may()).toBe(0);
      service.closeIdle();
    }
    expect(lines).toEqual([]);
  });
});

it.each([
  [204, '', true],
  [200, '{"allow":true}', true],
  [201, ' {"allow": true, "because": "x"}', true],
  [200, '{"allow":false}', false],
  [403, '', false],
  [404, '<html>', false],
  [200, '', undefined],
  [200, 'null', undefined],
  [200, '{"allow":1}', undefined],
  [302, '{"allow":true}', undefined],
  [401, '', undefined],
  [410, '{"allow":true}', undefined],
  [503, '{"allow":true}', undefined],
] as const)('%i with %j means %s', (status, body, verdict) => {
  expect(verdictOf({ status, body })).toBe(verdict);
});

function redirect(response: ServerResponse): void {
  response.writeHead(307, { location: service.url }).end();
}

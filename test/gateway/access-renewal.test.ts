import { afterEach, expect, it } from 'vitest';
import type { HookQuestion } from '../../src/gateway/access-hook.ts';
import { AccessRenewal } from '../../src/gateway/access-renewal.ts';

const EVERY_MS = 30_000;

let nowMono = 0;
let renewal: AccessRenewal;
let used: (question: HookQuestion) => boolean;
let asked: HookQuestion[];
let answer: (question: HookQuestion) => Promise<boolean | undefined>;
let rechecked: string[];
afterEach(() => renewal.stop());

function create(): void {
  nowMono = 0;
  used = () => true;
  asked = [];
  rechecked = [];
  answer = async (question) => {
    // As the hook does it.
    renewal.note(question);
    return true;
  };
  renewal = new AccessRenewal({
    live: { isUsed: (question) => used(question), recheck: (user) => rechecked.push(user) },
    ask: (question) => {
      asked.push(question);
      return answer(question);
    },
    everyMs: EVERY_MS,
    nowMono: () => nowMono,
  });
}

async function pass(ms: number): Promise<void> {
  nowMono += ms;
  renewal.tick();
  // What was asked is answered, and what follows from it is done.
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

const ISSUE = { user: 'ada', type: 'issueUpdate', id: '1' };

it('asks about what is in use once in the time that an answer is kept, and not before', async () => {
  create();
  renewal.note(ISSUE);
  await pass(EVERY_MS - 1_000);
  expect(asked).toEqual([]);
  await pass(1_000);
  expect(asked).toEqual([ISSUE]);
  await pass(EVERY_MS);
  expect(asked).toEqual([ISSUE, ISSUE]);
  expect(rechecked).toEqual([]);
});

it('forgets what is used no more', async () => {
  create();
  renewal.note(ISSUE);
  used = () => false;
  await pass(EVERY_MS);
  expect(asked).toEqual([]);
  expect(renewal.size).toBe(0);
});

it('has the connections of a user look again when the answer has become no', async () => {
  create();
  renewal.note(ISSUE);
  answer = async () => false;
  await pass(EVERY_MS);
  expect(rechecked).toEqual(['ada']);
  expect(renewal.size).toBe(0);
});

it('waits for a service that is away as long as its answers are kept, and then counts it as no', async () => {
  create();
  renewal.note(ISSUE);
  answer = async () => undefined;
  await pass(EVERY_MS);
  expect(asked).toHaveLength(1);
  await pass(5_000);
  expect(asked).toHaveLength(2);
  expect(rechecked).toEqual([]);
  for (let second = 0; second < 25; second += 1) await pass(1_000);
  expect(rechecked).toEqual(['ada']);
  expect(renewal.size).toBe(0);
});

it('goes on when the service is back in time', async () => {
  create();
  renewal.note(ISSUE);
  const yes = answer;
  answer = async () => undefined;
  await pass(EVERY_MS);
  answer = yes;
  await pass(5_000);
  expect(asked).toHaveLength(2);
  for (let second = 0; second < EVERY_MS / 1_000; second += 1) await pass(1_000);
  expect(asked).toHaveLength(3);
  expect(rechecked).toEqual([]);
});

it('is put off by an answer that came meanwhile: one question for each', async () => {
  create();
  renewal.note(ISSUE);
  await pass(20_000);
  renewal.note(ISSUE);
  await pass(10_000);
  expect(asked).toEqual([]);
  await pass(20_000);
  expect(asked).toEqual([ISSUE]);
  expect(renewal.size).toBe(1);
});

it('asks a bounded number at once, and all in the end', async () => {
  create();
  const waiting: (() => void)[] = [];
  answer = () =>
    new Promise((resolve) => {
      waiting.push(() => resolve(true));
    });
  for (let n = 0; n < 100; n += 1) renewal.note({ ...ISSUE, user: `user${n}` });
  await pass(EVERY_MS);
  expect(asked).toHaveLength(16);
  for (let at = 0; at < 100; at += 1) {
    waiting[at]?.();
    await pass(0);
  }
  expect(asked).toHaveLength(100);
});

it('notes nothing and lets no timer run after the stop, though an answer may still come', async () => {
  create();
  renewal.note(ISSUE);
  let reply = (_: undefined): void => {};
  answer = () => new Promise((resolve) => (reply = resolve));
  await pass(EVERY_MS);
  expect(asked).toEqual([ISSUE]);
  renewal.stop();
  reply(undefined);
  await pass(0);
  renewal.note(ISSUE);
  expect(renewal.size).toBe(0);
});

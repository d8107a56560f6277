/** The proof that the service can take work, shared by all who ask. */
import { describe, expect, test } from 'vitest';
import { CommitProof } from '../../src/core/health.ts';
import { TaskbellError } from '../../src/protocol/errors.ts';

function stand() {
  let nowMono = 0;
  const waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  const commit = () =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ resolve, reject });
    });
  const proof = new CommitProof({ commit, nowMono: () => nowMono });
  const pass = (ms: number) => {
    nowMono += ms;
  };
  return { proof, waiting, pass };
}

describe('the proof of a commit', () => {
  test('is one for all who ask while it is under way', async () => {
    const { proof, waiting, pass } = stand();
    const asked = Array.from({ length: 50 }, () => proof.prove());
    expect(waiting).toHaveLength(1);
    pass(7);
    waiting[0]?.resolve();
    expect(await Promise.all(asked)).toEqual(asked.map(() => ({ commitMs: 7 })));
  });

  test('holds for a second, and is then made anew', async () => {
    const { proof, waiting, pass } = stand();
    const first = proof.prove();
    waiting[0]?.resolve();
    await first;
    pass(999);
    await proof.prove();
    expect(waiting).toHaveLength(1);
    pass(1);
    const second = proof.prove();
    expect(waiting).toHaveLength(2);
    waiting[1]?.resolve();
    await second;
  });

  test('fails with what keeps the store from committing, and is asked again afterwards', async () => {
    const { proof, waiting, pass } = stand();
    const first = proof.prove();
    const full = new TaskbellError('E_DISK_FULL', 'The disk is full.');
    waiting[0]?.reject(full);
    await expect(first).rejects.toBe(full);
    await expect(proof.prove()).rejects.toBe(full);
    pass(1_000);
    const second = proof.prove();
    waiting[1]?.resolve();
    await expect(second).resolves.toEqual({ commitMs: 0 });
  });

  test('fails when the store does not answer in time', async () => {
    const never = () => new Promise<void>(() => {});
    const proof = new CommitProof({ commit: never, nowMono: () => 0, withinMs: 1 });
    await expect(proof.prove()).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
  });
});

import { expect, it } from 'vitest';
import { Turns } from '../../src/gateway/turns.ts';

const NEVER = new AbortController().signal;

function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

it('lets so many work at once, and the others in the order in which they came', async () => {
  const turns = new Turns(2);
  const gates = [gate(), gate(), gate(), gate()];
  const begun: number[] = [];
  const works = gates.map(({ opened }, index) =>
    turns.take(NEVER, () => {
      begun.push(index);
      return opened;
    }),
  );
  await Promise.resolve();
  expect([begun, turns.waiting]).toEqual([[0, 1], 2]);
  gates[1]?.open();
  await works[1];
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  for (const { open } of gates) open();
  await Promise.all(works);
  expect([begun, turns.waiting]).toEqual([[0, 1, 2, 3], 0]);
});

it('gives the place on when work fails, and forgets who went away while it waited', async () => {
  const turns = new Turns(1);
  const { open, opened } = gate();
  const first = turns.take(NEVER, () => opened.then(() => Promise.reject(new Error('broken'))));
  const leaving = new AbortController();
  const second = turns.take(leaving.signal, () => Promise.resolve('never'));
  const third = turns.take(NEVER, () => Promise.resolve('done'));
  leaving.abort(new Error('gone'));
  await expect(second).rejects.toThrow('gone');
  open();
  await expect(first).rejects.toThrow('broken');
  expect(await third).toBe('done');
  await expect(turns.take(leaving.signal, () => Promise.resolve())).rejects.toThrow('gone');
});

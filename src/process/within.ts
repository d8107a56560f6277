/** A wait that has an end. */
import type { Deadline } from './service.ts';

/** Resolves when `done` does, or at the deadline. */
export async function within(done: Promise<void>, deadline: Deadline): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadline.remainingMs());
  });
  await Promise.race([done, late]);
  clearTimeout(timer);
}

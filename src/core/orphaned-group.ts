/**
 * Which of the processes that have the number of a recorded group are what is left of it. Pure.
 *
 * A number may have passed to strangers meanwhile, after a restart of the machine first of all: they are not to be
 * ended. The leader of each group was started in a session of its own, which has the same number.
 */
import type { GroupMember } from '../process/process-identity.ts';
import type { ProcessIdentity } from '../protocol/execute.ts';

/**
 * @param group its leader, as it was recorded when it began
 * @param members living processes of the group that has its number now
 */
export function survivorsOf(
  group: ProcessIdentity,
  members: readonly GroupMember[],
): readonly GroupMember[] {
  const leader = members.find(({ pid }) => pid === group.pid);
  if (leader !== undefined) return leader.startTime === group.startTime ? members : [];
  // Its leader is gone. The kernel gives nobody the number of a group that has members: these are its own, or those of
  // another leader that has come and gone since, which is told by its session or by members that are older.
  const began = Number(group.startTime);
  return members.filter(
    ({ session, startTime }) => session === group.pid && Number(startTime) >= began,
  );
}

/** What the connections of a gateway stand on, for who has to know whether an answer about access is still in use. */
import type { LiveUse } from './access-renewal.ts';
import type { Hub } from './hub.ts';

export function liveUseOf(hub: Pick<Hub, 'membersOf' | 'subscriptions'>): LiveUse {
  return {
    isUsed: ({ user, type, id }) => {
      const members = hub.membersOf(user);
      if (type === undefined || id === undefined) return members.size > 0;
      const topic = { type, id };
      const { subscriptions } = hub;
      return [...members].some(
        (member) => subscriptions.has(member, topic) || subscriptions.hasPattern(member, topic),
      );
    },
    recheck: (user) => {
      for (const member of hub.membersOf(user)) member.recheckAccess();
    },
  };
}

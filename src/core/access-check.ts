/** What the core answers to "may this user see this object", and the rows by which gateways hear that it changed. */
import { decideAccess, isOwnTopic, isPattern } from '../access/decide-access.ts';
import type { Directory } from '../access/directory.ts';
import type { AccessSettings } from '../config/settings.ts';
import type { NewRow } from '../log/event-log.ts';
import { type AccessNews, DIRECTORY_TOPIC_ID } from '../protocol/access.ts';
import { ACCESS_EVENT_TYPE } from '../protocol/events.ts';
import type { AccessAnswer, AccessQuestion } from '../protocol/status.ts';
import type { JobStore } from '../queue/job-store.ts';

interface Stores {
  readonly directory: Directory;
  readonly jobs: JobStore;
}

export async function checkAccess(
  access: AccessSettings,
  { directory, jobs }: Stores,
  question: AccessQuestion,
): Promise<AccessAnswer> {
  const { user, type, id } = question;
  const own =
    isOwnTopic(user, question) ||
    (type === 'job' && !isPattern(id) && (await jobs.get(id))?.userId === user);
  return decideAccess(access, {
    // Of what a hook decides the core knows nothing: the gateway asks that, and asks here for the rest.
    known: access.users === 'hook' || directory.user(user)?.active === true,
    granted: access.datasets === 'directory' && directory.isGranted(question),
    own,
  });
}

/** Appended in the transaction of the change. */
export function accessRow(news: AccessNews): NewRow {
  const data = JSON.stringify([news]);
  return { type: ACCESS_EVENT_TYPE, id: DIRECTORY_TOPIC_ID, kind: 'event', data };
}

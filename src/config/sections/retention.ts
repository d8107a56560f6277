/** The keys of [retention] and [privacy]. */
import { key, list, nullable, type SectionDefinition } from '../key-definition.ts';
import type { PrivacySettings, RetentionSettings } from '../settings.ts';
import { duration, integer, listOf, path, text } from '../value-types.ts';

const age = duration(0, 100 * 366 * 86_400_000);
const count = integer(0, 1_000_000_000_000);

export const RETENTION: SectionDefinition<RetentionSettings> = {
  name: 'retention',
  comment: 'How long ended jobs and events are kept; of each the age and the number, 0: no bound.',
  instance: null,
  keys: {
    succeededJobs: key(age, '30d', 'Age of succeeded jobs.'),
    succeededJobsCount: key(count, '0', 'Number of succeeded jobs.'),
    failedJobs: key(age, '90d', 'Age of failed jobs: until then they can be retried.'),
    failedJobsCount: key(count, '0', 'Number of failed jobs.'),
    cancelledJobs: key(age, '30d', 'Age of cancelled jobs.'),
    cancelledJobsCount: key(count, '0', 'Number of cancelled jobs.'),
    events: key(
      age,
      '30d',
      'Age of events: how long a subscriber may be away without missing one.',
    ),
    eventsCount: key(count, '0', 'Number of events.'),
  },
};

export const PRIVACY: SectionDefinition<PrivacySettings> = {
  name: 'privacy',
  comment: 'What is kept from those who can read the disk or the logs.',
  instance: null,
  keys: {
    keysFile: nullable(
      path,
      'File with the keys that payloads, results and errors are encrypted with (AES-256-GCM); empty: they are not.',
      './keys/payload-keys',
    ),
    redact: list(
      listOf(text, 'list of field names'),
      '',
      'Fields whose values are hidden in `job show`, listings and logs, at any depth.',
    ),
  },
};

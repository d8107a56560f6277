/** The keys of [retention], [backup] and [privacy]. */
import { filePath } from '../credential-name.ts';
import { key, list, nullable, type SectionDefinition } from '../key-definition.ts';
import type { BackupSettings, PrivacySettings, RetentionSettings } from '../settings.ts';
import { duration, integer, listOf, path, text } from '../value-types.ts';

const age = duration(0, 100 * 366 * 86_400_000);
const count = integer(0, 1_000_000_000_000);

export const RETENTION: SectionDefinition<RetentionSettings> = {
  name: 'retention',
  comment: 'How long ended jobs and events are kept; of each the age and the number, 0: no bound.',
  instance: null,
  reload: 'live',
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

export const BACKUP: SectionDefinition<BackupSettings> = {
  name: 'backup',
  comment:
    'Copies of the database that are made by themselves, while the service works. Either `schedule` or `every`.',
  instance: null,
  keys: {
    schedule: nullable(
      text,
      'Cron expression of five fields, or of six with seconds.',
      '30 3 * * *',
    ),
    every: key(
      duration(0, 366 * 86_400_000),
      '0',
      'Time from one to the next instead of `schedule`; 0: none.',
    ),
    timezone: key(text, 'UTC', 'Time zone of `schedule`, an IANA name.'),
    directory: nullable(
      path,
      'Where they are put; empty: backups in dataDirectory. Better: another disk.',
      '/var/backups/taskbell',
    ),
    keep: key(integer(0, 100_000), '7', 'So many of the newest stay in the directory; 0: all.'),
  },
};

export const PRIVACY: SectionDefinition<PrivacySettings> = {
  name: 'privacy',
  comment: 'What is kept from those who can read the disk or the logs.',
  instance: null,
  reload: 'restart',
  keys: {
    keysFile: nullable(
      filePath,
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

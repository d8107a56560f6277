/**
 * Puts resolved values into the shape of settings.ts, frozen to the bottom. Pure; checks nothing.
 */
import type { ResolvedSection } from './resolve.ts';
import type {
  AccessSettings,
  ApiSettings,
  AuthSettings,
  BackupSettings,
  DaemonSettings,
  EdgeSettings,
  EventTypeSettings,
  IssuerSettings,
  JobTypeSettings,
  PrivacySettings,
  QueueSettings,
  RetentionSettings,
  ScheduleSettings,
  Settings,
  WebSocketEventsSettings,
  WebSocketSettings,
  WorkerSettings,
} from './settings.ts';

export interface SettingsSource {
  readonly file: string | null;
  readonly profile: string | null;
}

export function buildSettings(
  sections: readonly ResolvedSection[],
  source: SettingsSource,
): Settings {
  return deepFreeze({
    file: source.file,
    profile: source.profile,
    daemon: only<DaemonSettings>(sections, 'daemon'),
    worker: only<WorkerSettings>(sections, 'worker'),
    jobs: all<JobTypeSettings>(sections, 'job'),
    queues: all<QueueSettings>(sections, 'queue'),
    schedules: all<ScheduleSettings>(sections, 'schedule'),
    retention: only<RetentionSettings>(sections, 'retention'),
    backup: only<BackupSettings>(sections, 'backup'),
    privacy: only<PrivacySettings>(sections, 'privacy'),
    events: all<EventTypeSettings>(sections, 'event'),
    webSocket: only<WebSocketSettings>(sections, 'webSocket'),
    webSocketEvents: only<WebSocketEventsSettings>(sections, 'webSocketEvents'),
    auth: only<AuthSettings>(sections, 'auth'),
    issuers: all<IssuerSettings>(sections, 'issuer'),
    access: only<AccessSettings>(sections, 'access'),
    api: only<ApiSettings>(sections, 'api'),
    edge: only<EdgeSettings>(sections, 'edge'),
  });
}

function only<S>(sections: readonly ResolvedSection[], name: string): S {
  const [values] = all<S>(sections, name);
  if (values === undefined) throw new Error(`the table of keys has no section ${name}`);
  return values;
}

// The casts are safe because the table of keys is typed by these very interfaces (SectionKeys).
function all<S>(sections: readonly ResolvedSection[], name: string): S[] {
  return sections
    .filter(({ section }) => section.definition.name === name)
    .map((resolved) => sectionValues(resolved) as S);
}

function sectionValues({ section, entries }: ResolvedSection): unknown {
  const values = Object.entries(section.definition.keys).map(([key, definition]) => {
    if (definition.form === 'value')
      return [key, entries.find((entry) => entry.key === key)?.value];
    const members = entries.filter((entry) => entry.definition === definition);
    return [
      key,
      Object.fromEntries(members.map((entry) => [entry.key.slice(key.length + 1), entry.value])),
    ];
  });
  const name = section.name === null ? [] : [['name', section.name]];
  return Object.fromEntries([...name, ...values]);
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}

/** Schedules of the daemon: jobs that come by themselves. */
import type { JobSummary } from '../protocol/jobs.ts';
import type {
  PreviewRequest,
  RunView,
  ScheduleRequest,
  ScheduleView,
} from '../protocol/schedules.ts';
import type { ControlHttp } from './control-http.ts';
import { toText } from './json-text.ts';

export class ScheduleClient {
  readonly #http: ControlHttp;

  constructor(http: ControlHttp) {
    this.#http = http;
  }

  async list(): Promise<readonly ScheduleView[]> {
    return ((await this.#ask('GET', '')) as { schedules: ScheduleView[] }).schedules;
  }

  async get(name: string): Promise<ScheduleView> {
    return (await this.#ask('GET', pathOf(name))) as ScheduleView;
  }

  /**
   * Adds a schedule, or changes the one of this name.
   *
   * @throws TaskbellError E_INVALID_REQUEST for times that never come, E_CONFLICT when it stands in the configuration
   */
  async add(schedule: ScheduleRequest): Promise<ScheduleView> {
    return (await this.#ask('POST', '', schedule)) as ScheduleView;
  }

  /** @throws TaskbellError E_CONFLICT when it stands in the configuration */
  async remove(name: string): Promise<void> {
    await this.#ask('DELETE', pathOf(name));
  }

  /** Adds its job now, besides its times. */
  async run(name: string): Promise<JobSummary> {
    return (await this.#ask('POST', `${pathOf(name)}/run`)) as JobSummary;
  }

  /** What falls into the pause is not made up for. */
  async pause(name: string): Promise<ScheduleView> {
    return (await this.#ask('POST', `${pathOf(name)}/pause`)) as ScheduleView;
  }

  async resume(name: string): Promise<ScheduleView> {
    return (await this.#ask('POST', `${pathOf(name)}/resume`)) as ScheduleView;
  }

  /** The next runs of a schedule, 10 unless told, with the reason for each shift. */
  async preview(name: string, count = 10): Promise<readonly RunView[]> {
    return runsOf(await this.#ask('GET', `${pathOf(name)}/preview?count=${count}`));
  }

  /** The same of times that no schedule has yet. */
  async previewTimes(request: PreviewRequest): Promise<readonly RunView[]> {
    return runsOf(await this.#ask('POST', '/preview', request));
  }

  async #ask(method: 'GET' | 'POST' | 'DELETE', rest: string, body?: object): Promise<unknown> {
    const text = body === undefined ? {} : { body: toText(body) };
    return await this.#http.call({ method, path: `/v1/schedules${rest}`, ...text });
  }
}

function pathOf(name: string): string {
  return `/${encodeURIComponent(name)}`;
}

function runsOf(answer: unknown): readonly RunView[] {
  return (answer as { runs: RunView[] }).runs;
}

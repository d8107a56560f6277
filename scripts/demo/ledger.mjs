/**
 * Everything that the service and the subscriber received, in order, and a way to wait for more of it.
 */
import { EventEmitter, once } from 'node:events';

export class Ledger {
  /** `{message, userId, atMono}` */
  reports = [];
  /** `{type, id, data}` */
  events = [];
  #changes = new EventEmitter();

  addReport(report) {
    this.reports.push({ ...report, atMono: performance.now() });
    this.#changes.emit('change');
  }

  addEvent(event) {
    this.events.push(event);
    this.#changes.emit('change');
  }

  reportOf(jobId) {
    return this.reports.find(({ message }) => message.payload.jobId === jobId);
  }

  has({ type, id }) {
    return this.events.some((event) => event.type === type && event.id === id);
  }

  /** The states of a job that the subscriber saw, in order. */
  statesOf(jobId) {
    const own = this.events.filter(({ type, id }) => type === 'job' && id === jobId);
    return own.map(({ data }) => data[0].state);
  }

  /** @returns false if the time ran out before the condition held */
  async waitUntil(condition, { withinMs, signal }) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
    while (!condition(this)) {
      try {
        await once(this.#changes, 'change', { signal: limit });
      } catch (error) {
        if (signal.aborted) throw error;
        return condition(this);
      }
    }
    return true;
  }
}

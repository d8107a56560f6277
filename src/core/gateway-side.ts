/** All that the core does with its gateways beside the log: sees their clients, merges who is where, adds up figures. */
import type { WebSocket } from 'ws';
import { CLIENT_CURSOR_PREFIX, type EventLog } from '../log/event-log.ts';
import type { Service } from '../process/service.ts';
import { VERSION } from '../process/version.ts';
import type { GatewayView } from '../protocol/gateways.ts';
import type { StatusView } from '../protocol/status.ts';
import type { ReportClient } from '../report/report-client.ts';
import { type AcceptedGateway, GatewayLinks } from './gateway-links.ts';
import { eventFamilies } from './gateway-metrics.ts';
import { GatewayPresence } from './gateway-presence.ts';
import { GatewayRestart } from './gateway-restart.ts';
import { GatewaySeeing } from './gateway-seeing.ts';
import type { Family } from './metric-text.ts';

export interface GatewaySideParts {
  readonly log: EventLog;
  readonly report: Pick<ReportClient, 'status'>;
  readonly presenceLingerMs: number;
}

/** Who asks for the status wants it now: a gateway on standby asks each second. */
const STATUS_TIMEOUT_MS = 500;
/** Within the time that Prometheus allows a scrape. */
const METRICS_TIMEOUT_MS = 2_000;

export class GatewaySide implements Service {
  readonly seeing: GatewaySeeing;
  readonly restart: GatewayRestart;
  readonly #parts: GatewaySideParts;
  readonly #presence: GatewayPresence;
  readonly #links: GatewayLinks;

  constructor(parts: GatewaySideParts) {
    const nowMono = (): number => performance.now();
    this.#parts = parts;
    this.#presence = new GatewayPresence({ lingerMs: parts.presenceLingerMs, nowMono });
    this.#links = new GatewayLinks(this.#presence);
    this.restart = new GatewayRestart(this.#links);
    const links = () => this.#links.all();
    this.seeing = new GatewaySeeing({ links, top: () => parts.log.top(), nowMono });
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#presence.stop();
  }

  /** Undefined for a follower that is no gateway. */
  accept(socket: WebSocket, query: URLSearchParams): AcceptedGateway | undefined {
    return this.#links.accept(socket, query);
  }

  views(): Promise<readonly GatewayView[]> {
    return this.seeing.gateways(false, STATUS_TIMEOUT_MS);
  }

  /** What `status` says of it. */
  async summary(): Promise<StatusView['subscribers']> {
    const gateways = await this.views();
    const figures = gateways.flatMap((gateway) => gateway.figures ?? []);
    const rooms = figures.map(({ room }) => room ?? Number.POSITIVE_INFINITY);
    const room = rooms.reduce((sum, one) => sum + one, 0);
    return {
      gateways: gateways.length,
      silent: gateways.length - figures.length,
      connections: figures.reduce((sum, { connections }) => sum + connections, 0),
      room: Number.isFinite(room) ? room : null,
      refused: figures.reduce((sum, { refusedTotal }) => sum + refusedTotal, 0),
      subscriptions: figures.reduce((sum, { subscriptions }) => sum + subscriptions, 0),
      lag: Math.max(0, ...gateways.map(({ lag }) => lag)),
    };
  }

  async metrics(): Promise<readonly Family[]> {
    const { log, report } = this.#parts;
    const [gateways, reporting, cursors] = await Promise.all([
      this.seeing.gateways(true, METRICS_TIMEOUT_MS),
      report.status(),
      log.cursors(CLIENT_CURSOR_PREFIX),
    ]);
    const { cursor, pending } = reporting;
    const facts = { version: VERSION, top: log.top(), oldest: log.oldest(), gateways, cursors };
    return eventFamilies({ ...facts, report: { cursor, pending } });
  }
}

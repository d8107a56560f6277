/** Writes the units by which systemd opens the sockets of a service, and keeps them open while it restarts. Pure. */
import { isIP } from 'node:net';
import type { Settings } from '../config/settings.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { GivenSockets, ListenPlace } from '../protocol/supervision.ts';
import { quotePath } from './systemd-text.ts';
import type { SystemdService } from './systemd-unit.ts';

export interface SocketUnit {
  /** With `.socket`. */
  readonly name: string;
  readonly text: string;
}

export interface SocketPlan {
  readonly service: SystemdService;
  /** Of the service's unit, without `.service`. */
  readonly name: string;
  readonly user: string;
  readonly settings: Settings;
}

interface SocketFacts {
  readonly socket: keyof GivenSockets;
  readonly description: string;
  readonly lines: readonly string[];
}

/** Those that the configuration asks for. @throws TaskbellError E_CONFIG for a place that systemd cannot listen at */
export function renderSocketUnits(plan: SocketPlan): readonly SocketUnit[] {
  return socketsOf(plan).map(({ socket, description, lines }) => {
    const name = `${plan.name}-${socket}.socket`;
    const text = [
      `# /etc/systemd/system/${name}, made by: taskbell service print systemd --socket-activation`,
      '',
      '[Unit]',
      `Description=Taskbell: ${description}`,
      '',
      '[Socket]',
      ...lines,
      `FileDescriptorName=${socket}`,
      `Service=${plan.name}.service`,
      '',
      '[Install]',
      'WantedBy=sockets.target',
      '',
    ];
    return { name, text: text.join('\n') };
  });
}

function socketsOf({ service, user, settings }: SocketPlan): readonly SocketFacts[] {
  const { api, webSocketEvents, daemon } = settings;
  const ctl = [
    `ListenStream=${quotePath(daemon.controlSocket)}`,
    `SocketUser=${user}`,
    'SocketMode=0600',
    'DirectoryMode=0700',
    'RemoveOnStop=true',
  ];
  const sockets: SocketFacts[] = [{ socket: 'ctl', description: 'control socket', lines: ctl }];
  if (api.port !== 0) {
    const lines = [`ListenStream=${streamOf('[api]', api)}`];
    sockets.push({ socket: 'http', description: 'control API', lines });
  }
  if (service !== 'worker' && webSocketEvents.port !== 0) {
    // The queue of those who connect while nobody is there.
    const lines = [
      `ListenStream=${streamOf('[webSocketEvents]', webSocketEvents)}`,
      'Backlog=4096',
    ];
    sockets.push({ socket: 'ws', description: 'events', lines });
  }
  return sockets;
}

function streamOf(section: string, { address, port }: ListenPlace): string {
  const ip = address === 'localhost' ? '127.0.0.1' : address;
  if (isIP(ip) === 0) {
    throw new TaskbellError(
      'E_CONFIG',
      `${section} address: expected an IP address, which systemd can listen at, got "${address}".`,
      { hint: 'Set an IP address, or leave out --socket-activation.' },
    );
  }
  return isIP(ip) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`;
}

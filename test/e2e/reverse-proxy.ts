/**
 * nginx or Caddy before the port of the events, with the very file that the documentation shows: only the name, the
 * ports and the certificate are those of the test.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { type Site, until } from './daemon.ts';
import { freePort } from './free-port.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './tls-proxy.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '../../examples');
const NAME = 'events.example.org';

/** nginx is in sbin, which is on the path of root alone. */
const ENVIRONMENT = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };

export interface ProxyPorts {
  readonly gateway: number;
  readonly tls: number;
  readonly plain: number;
}

export interface ProxyKind {
  readonly program: 'nginx' | 'caddy';
  readonly isThere: boolean;
  /** Says whether the program takes the configuration: the arguments after its name. */
  readonly check: (site: Site) => readonly string[];
  readonly run: (site: Site) => readonly string[];
  /** Writes the configuration below the site. */
  readonly configure: (site: Site, ports: ProxyPorts) => void;
}

export const NGINX: ProxyKind = {
  program: 'nginx',
  isThere: spawnSync('nginx', ['-v'], { env: ENVIRONMENT }).status === 0,
  check: (site) => ['-t', ...nginxFiles(site)],
  run: (site) => nginxFiles(site),
  configure(site, ports) {
    mkdirSync(site.path('nginx'));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${site.path(`nginx/${name}`)};`)
      .join(' ');
    const main = `daemon off; master_process off; pid ${site.path('nginx/pid')};
events {}
http { access_log off; ${temporary} include ${site.path('taskbell.conf')}; }
`;
    site.write('nginx.conf', main);
    site.write('taskbell.conf', nginxConfiguration(site, ports));
  },
};

function nginxFiles(site: Site): readonly string[] {
  return ['-p', site.directory, '-c', site.path('nginx.conf'), '-e', 'stderr'];
}

function nginxConfiguration(site: Site, { gateway, tls, plain }: ProxyPorts): string {
  const hasV6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  );
  const text = readFileSync(path.join(EXAMPLES, 'nginx/taskbell.conf'), 'utf8');
  const v6 = (listen: string): string => (hasV6 ? listen : '');
  return text
    .replaceAll('listen 80;', `listen 127.0.0.1:${plain};`)
    .replaceAll('listen [::]:80;', v6(`listen [::1]:${plain};`))
    .replaceAll('listen 443 ', `listen 127.0.0.1:${tls} `)
    .replaceAll(/listen \[::\]:443 (.*);/g, v6(`listen [::1]:${tls} $1;`))
    .replaceAll(`/etc/letsencrypt/live/${NAME}/fullchain.pem`, site.path('certificate.pem'))
    .replaceAll(`/etc/letsencrypt/live/${NAME}/privkey.pem`, site.path('certificate.key'))
    .replaceAll('127.0.0.1:8081', `127.0.0.1:${gateway}`)
    .replaceAll(NAME, 'localhost');
}

export const CADDY: ProxyKind = {
  program: 'caddy',
  isThere: spawnSync('caddy', ['version'], { env: ENVIRONMENT }).status === 0,
  check: (site) => ['validate', ...caddyFiles(site)],
  run: (site) => ['run', ...caddyFiles(site)],
  configure(site, { gateway, tls }) {
    const text = readFileSync(path.join(EXAMPLES, 'caddy/Caddyfile'), 'utf8');
    const certificate = `tls ${site.path('certificate.pem')} ${site.path('certificate.key')}`;
    // Its own port for redirects is not the test's to open, and there is nobody to ask for a certificate.
    const own = '{\n\tadmin off\n\tauto_https disable_redirects\n}\n';
    const address = `https://localhost:${tls} {\n\tbind 127.0.0.1\n\t${certificate}`;
    const file = text
      .replace(`\n${NAME} {`, `\n${address}`)
      .replaceAll('127.0.0.1:8081', `127.0.0.1:${gateway}`);
    site.write('Caddyfile', `${own}${file}`);
  },
};

function caddyFiles(site: Site): readonly string[] {
  return ['--config', site.path('Caddyfile'), '--adapter', 'caddyfile'];
}

export class ReverseProxy {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly port: number;
  #output = '';

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#ended = once(child, 'close');
    this.port = port;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
  }

  /** Checks the configuration as an operator would, and starts the program with it. */
  static async start(kind: ProxyKind, site: Site, ports: ProxyPorts): Promise<ReverseProxy> {
    site.write('certificate.pem', TEST_CERTIFICATE);
    site.write('certificate.key', TEST_KEY);
    kind.configure(site, ports);
    const env = { ...ENVIRONMENT, HOME: site.directory, XDG_DATA_HOME: site.path('caddy') };
    const checked = spawnSync(kind.program, kind.check(site), { env, encoding: 'utf8' });
    if (checked.status !== 0) throw new Error(`${kind.program} refuses it: ${checked.stderr}`);
    const child = spawn(kind.program, kind.run(site), {
      env: { ...env, E2E_SITE: site.directory },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const proxy = new ReverseProxy(child, ports.tls);
    await until(() => proxy.#answers(), `${kind.program} listens`, 20_000);
    return proxy;
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #answers(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error(`it ended: ${this.#output}`);
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  }
}

/** Three ports that nobody listened on a moment ago. */
export async function proxyPorts(): Promise<ProxyPorts> {
  return { gateway: await freePort(), tls: await freePort(), plain: await freePort() };
}

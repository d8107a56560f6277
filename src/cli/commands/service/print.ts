/** `service print TARGET`: what a service manager needs to run the service, to standard output. One file per target. */
import type { Command } from 'commander';
import type { CliContext } from '../../cli-context.ts';
import { define as definePm2 } from './print-pm2.ts';
import { define as defineSystemd } from './print-systemd.ts';

export function define(command: Command, ctx: CliContext): void {
  definePm2(command.command('pm2'), ctx);
  defineSystemd(command.command('systemd'), ctx);
}

/** A core whose data is encrypted, the keys that it has, and a look at its bare files. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { AwakeCore } from './awake-core.ts';
import { type Offer, ScriptedExecutor } from './scripted-executor.ts';

/** A line of a keys file: another key for each number. */
export function keyLine(id: string, fill: number): string {
  return `${id}:${Buffer.alloc(32, fill).toString('base64')}`;
}

export class PrivacyStand {
  readonly core = new AwakeCore(ENCRYPTED);
  readonly #executors: ScriptedExecutor[] = [];

  constructor() {
    this.core.knowType('mail');
  }

  async wake(...lines: readonly string[]): Promise<void> {
    this.keys(...lines);
    await this.core.wake();
  }

  /** What the keys file says from the next start on. */
  keys(...lines: readonly string[]): void {
    const file = path.join(this.core.directory, 'payload-keys');
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  }

  async executor(offer: Offer = {}): Promise<ScriptedExecutor> {
    const executor = await ScriptedExecutor.start(this.core.socketPath, offer);
    this.#executors.push(executor);
    return executor;
  }

  /** Ends the core and its executors; the data stays. */
  async sleep(): Promise<void> {
    await this.core.sleep();
    // Seen to be gone by the next start, which returns what they had in hand at once.
    for (const executor of this.#executors.splice(0)) await executor.die();
  }

  async dispose(): Promise<void> {
    await this.sleep();
    await this.core.dispose();
  }

  /** Files of the database, its write-ahead log among them, that hold this text. */
  filesWith(text: string): readonly string[] {
    const files = readdirSync(this.core.directory).filter((name) => name.startsWith('taskbell.db'));
    if (files.length === 0) throw new Error('there is no database');
    return files.filter((name) =>
      readFileSync(path.join(this.core.directory, name)).includes(text),
    );
  }

  /** Changes the database behind the back of the core, which sleeps. */
  edit(sql: string): void {
    const db = new SqliteDatabase(path.join(this.core.directory, 'taskbell.db'));
    db.exec(sql);
    db.close();
  }
}

const ENCRYPTED = '[privacy]\nkeysFile = payload-keys\n';

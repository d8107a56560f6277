/**
 * Loaded into the core with NODE_OPTIONS: counts SQL statements and the time that they take. On
 * SIGUSR2 the totals so far are written to $BENCH_METER_FILE, whole or not at all.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const READING = ['get', 'all'];
const METERED = [...READING, 'run'];

// Every process of the daemon loads this; only one opens the database.
if (process.argv.includes('core')) start();

function start() {
  const totals = { statements: 0, ms: 0, readingMs: 0 };
  const Database = createRequire(process.argv[1])('better-sqlite3');
  const { prepare } = Database.prototype;
  let wrapped = false;
  Database.prototype.prepare = function (...given) {
    const statement = prepare.apply(this, given);
    if (!wrapped) wrapStatements(Object.getPrototypeOf(statement), totals);
    wrapped = true;
    return statement;
  };
  process.on('SIGUSR2', () => {
    const file = process.env.BENCH_METER_FILE;
    writeFileSync(`${file}.draft`, JSON.stringify(totals));
    renameSync(`${file}.draft`, file);
  });
}

function wrapStatements(prototype, totals) {
  for (const name of METERED) {
    const plain = prototype[name];
    const isReading = READING.includes(name);
    prototype[name] = function (...parameters) {
      const begun = performance.now();
      try {
        return plain.apply(this, parameters);
      } finally {
        const ms = performance.now() - begun;
        totals.statements += 1;
        totals.ms += ms;
        if (isReading) totals.readingMs += ms;
      }
    };
  }
}

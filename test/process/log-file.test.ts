import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogFile } from '../../src/process/log-file.ts';

let directory: string;
let file: string;
let nowMono = 0;
const open: LogFile[] = [];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-log-'));
  file = path.join(directory, 'service.log');
});

afterEach(() => {
  for (const one of open.splice(0)) one.close();
  rmSync(directory, { recursive: true, force: true });
});

function logFile(plan: { readonly maxBytes?: number; readonly kept?: number } = {}): LogFile {
  const log = new LogFile({ file, maxBytes: 10, kept: 2, ...plan }, () => nowMono);
  open.push(log);
  return log;
}

const line = (text: string): Buffer => Buffer.from(`${text}\n`);
const read = (name: string): string => readFileSync(path.join(directory, name), 'utf8');

test('a file that would grow beyond its size is put aside, and so many of them are kept', () => {
  const log = logFile();
  for (const text of ['first', 'second', 'third', 'fourth']) log.write(line(text));
  expect(read('service.log')).toBe('fourth\n');
  expect(read('service.log.1')).toBe('third\n');
  expect(read('service.log.2')).toBe('second\n');
  expect(existsSync(`${file}.3`)).toBe(false);
});

test('a line that is longer than the size gets a file of its own', () => {
  const log = logFile();
  log.write(line('a line that is far too long'));
  log.write(line('next'));
  expect(read('service.log.1')).toBe('a line that is far too long\n');
  expect(read('service.log')).toBe('next\n');
});

test('with none to keep, what is full is begun anew', () => {
  const log = logFile({ kept: 0 });
  log.write(line('first'));
  log.write(line('second'));
  expect(read('service.log')).toBe('second\n');
  expect(existsSync(`${file}.1`)).toBe(false);
});

test('a log goes on at the end of what is there', () => {
  logFile({ maxBytes: 100 }).write(line('before'));
  logFile({ maxBytes: 100 }).write(line('after'));
  expect(read('service.log')).toBe('before\nafter\n');
  expect(statSync(file).mode & 0o007).toBe(0);
});

test('whoever moves the file away and asks for it finds a new one under its name', () => {
  const log = logFile({ maxBytes: 100 });
  log.write(line('before'));
  renameSync(file, `${file}.moved`);
  log.write(line('still there'));
  log.reopen();
  log.write(line('after'));
  expect(read('service.log.moved')).toBe('before\nstill there\n');
  expect(read('service.log')).toBe('after\n');
});

test('a file that was moved away without a word is noticed within a second', () => {
  const log = logFile({ maxBytes: 100 });
  log.write(line('before'));
  renameSync(file, `${file}.moved`);
  nowMono += 1_001;
  log.write(line('after'));
  expect(read('service.log')).toBe('after\n');
});

test('two services share a file: the one that did not put it aside follows, and none puts it aside twice', () => {
  const [one, other] = [logFile({ maxBytes: 20 }), logFile({ maxBytes: 20 })];
  one.write(line('one 1'));
  other.write(line('other 1'));
  // Beyond the size with what the other has written.
  nowMono += 1_001;
  one.write(line('one 2..'));
  expect(read('service.log')).toBe('one 2..\n');
  nowMono += 1_001;
  other.write(line('other 2'));
  expect(read('service.log')).toBe('one 2..\nother 2\n');
  expect(read('service.log.1')).toBe('one 1\nother 1\n');
  expect(existsSync(`${file}.2`)).toBe(false);
});

test('where nothing can be renamed, the present file goes on', () => {
  const log = logFile();
  log.write(line('first'));
  log.write(line('second'));
  // A directory stands in the way of the one that was put aside before.
  mkdirSync(`${file}.2/full`, { recursive: true });
  log.write(line('third'));
  log.write(line('4th'));
  expect(read('service.log')).toBe('second\nthird\n4th\n');
  expect(read('service.log.1')).toBe('first\n');
});

test('a full disk is told by the error of the write', () => {
  const full = new LogFile({ file: '/dev/full', maxBytes: 10, kept: 2 }, () => nowMono);
  open.push(full);
  expect(() => full.write(line('no'))).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
});

test('a file that cannot be opened is named, with what to do', () => {
  file = path.join(directory, 'missing', 'service.log');
  expect(() => logFile()).toThrow(
    expect.objectContaining({
      code: 'E_CANNOT_CREATE',
      message: `The log file ${file} cannot be opened (ENOENT).`,
    }),
  );
});

test('one that cannot be opened anew leaves the former one in use', () => {
  const log = logFile({ maxBytes: 100 });
  log.write(line('before'));
  renameSync(file, `${file}.moved`);
  mkdirSync(file);
  chmodSync(file, 0o500);
  expect(() => log.reopen()).toThrow(expect.objectContaining({ code: 'E_CANNOT_CREATE' }));
  log.write(line('after'));
  expect(read('service.log.moved')).toBe('before\nafter\n');
});

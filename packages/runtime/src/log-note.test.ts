import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { logNote } from './log-note.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-note-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the first role notes the log, the others compare', () => {
  const [first, meanwhile] = [logNote(join(folder, 'data'), 'a.events'), logNote(join(folder, 'data'), 'b.events')];
  expect(first.known).toBeNull();
  first.note('one');
  expect(() => meanwhile.note('two')).toThrow(/b\.events is two, this platform was built upon one .*TOPIC_PREFIX/);
  const later = logNote(join(folder, 'data'), 'a.events');
  expect(later.known).toBe('one');
  later.note('one');
  expect(() => later.note('three')).toThrow(/log_recreated|built upon one/);
  expect(readdirSync(join(folder, 'data'))).toEqual(['log.json']);
});

test('a note that says nothing is told, never overwritten', () => {
  writeFileSync(join(folder, 'log.json'), '{}');
  expect(() => logNote(folder, 'a.events')).toThrow(/log\.json does not say/);
});

test('a role without a folder that it may write to leaves the note to the others', () => {
  const note = logNote(join(folder, 'nowhere', 'data'), 'a.events');
  expect(note.known).toBeNull();
  expect(() => note.note('one')).not.toThrow();
});

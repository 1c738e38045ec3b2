import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventLogNote, notedPartitions } from './note.ts';

const HINT = 'look at the TOPIC_PREFIX';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-note-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the first role notes the log, the others compare', () => {
  const [first, meanwhile] = [
    eventLogNote(join(folder, 'data'), 'a.events', HINT),
    eventLogNote(join(folder, 'data'), 'b.events', HINT),
  ];
  expect(first.known).toBeNull();
  first.note('one');
  expect(() => meanwhile.note('two')).toThrow(/b\.events is two, this platform was built upon one .*TOPIC_PREFIX/);
  const later = eventLogNote(join(folder, 'data'), 'a.events', HINT);
  expect(later.known).toBe('one');
  later.note('one');
  expect(() => later.note('three')).toThrow(/log_recreated|built upon one/);
  expect(readdirSync(join(folder, 'data'))).toEqual(['log.json']);
});

test('the partitions are noted with the log; folders of older versions have none', () => {
  expect(notedPartitions(folder)).toBeUndefined();
  eventLogNote(folder, 'a.events', HINT, 16).note('one');
  eventLogNote(folder, 'a.events', HINT, 8).note('one');
  expect(notedPartitions(folder)).toBe(16);
  writeFileSync(join(folder, 'log.json'), '{"identity": "one"}');
  expect(notedPartitions(folder)).toBeUndefined();
});

test('a note that says nothing is reported, never overwritten', () => {
  writeFileSync(join(folder, 'log.json'), '{}');
  expect(() => eventLogNote(folder, 'a.events', HINT)).toThrow(/log\.json must read .* \(got another text\)/);
});

test('a role without a folder that it may write to leaves the note to the others', () => {
  const note = eventLogNote(join(folder, 'nowhere', 'data'), 'a.events', HINT);
  expect(note.known).toBeNull();
  expect(() => note.note('one')).not.toThrow();
});

test('law 6: a folder without a note, older than notes or restored without one, belongs to the log of its archive', () => {
  const segments = join(folder, 'archive', 'segments');
  for (const partition of ['p00', 'p01']) mkdirSync(join(segments, partition), { recursive: true });
  writeFileSync(join(segments, 'p01', '000009.json'), JSON.stringify({ logIdentity: 'of long ago' }));
  writeFileSync(join(segments, 'p01', '000010.json'), JSON.stringify({ logIdentity: 'archived' }));
  const note = eventLogNote(folder, 'in Redis', HINT);
  expect(note.known).toBe('archived');
  expect(() => note.note('created again')).toThrow(/is created again, this platform was built upon archived/);
  expect(JSON.parse(readFileSync(join(folder, 'log.json'), 'utf8'))).toMatchObject({ identity: 'archived' });
  note.note('archived');
});

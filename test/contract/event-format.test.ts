/**
 * What lies on disks and in logs, byte by byte: folders of every version stay readable. The expected values are written out, so that a
 * change of the table of fields cannot change both sides. A new field is added to them; what is there never changes.
 */
import { readFileSync } from 'node:fs';
import { CONVERSION_COLUMNS, GENERATION_EVENT_COLUMNS } from '@tributary/archive/compute/relations';
import { EVENT_COLUMNS, LATER_COLUMNS } from '@tributary/archive/layout';
import { LONG_FIELDS } from '@tributary/importing/csv/csv-map';
import { EVENT_FIELDS, type Event, encodeEvent } from '@tributary/model/event';
import { PLAIN_FIELDS } from '@tributary/model/event-fields';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { encodeDraft } from '@tributary/model/reading/draft';
import { SENT_FIELDS } from '@tributary/model/reading/native-event';
import { partitionOf } from '@tributary/model/user-key';
import { FULL_EVENT } from '@tributary/testkit/inputs/full-event';
import { expect, test } from 'vitest';
import { addEvents, emptySpoolText, SPOOL_COLUMNS } from '../../services/archiver/src/spool-format.ts';

const BARE: Event = { source: 's', receivedAt: 5, anonymousId: 'a', id: 'i', type: 't', ts: 0 };

const FULL_LINE =
  '{"ts":1795000000000,"type":"ad_click","id":"e-1","userId":"anna","anonymousId":"a-1","receivedAt":1795000000040,"source":"shop",' +
  '"channel":"paid-search","campaign":"été","creative":"blau","cost":12,"value":-1999,"currency":"EUR",' +
  '"page":"https://shop.example/?q=\\"1\\"","element":"#buy","historical":true,"keyId":"0123456789ab",' +
  '"properties":{"order":"o-7","items":[1,2.5,null],"é\\"":{"a":true}}}';
const BARE_LINE = '{"ts":0,"type":"t","id":"i","anonymousId":"a","receivedAt":5,"source":"s"}';

const FIELD_COLUMNS = [
  ['user_key', 'VARCHAR'],
  ['ts', 'BIGINT'],
  ['type', 'VARCHAR'],
  ['id', 'VARCHAR'],
  ['user_id', 'VARCHAR'],
  ['anonymous_id', 'VARCHAR'],
  ['received_at', 'BIGINT'],
  ['source', 'VARCHAR'],
  ['channel', 'VARCHAR'],
  ['campaign', 'VARCHAR'],
  ['creative', 'VARCHAR'],
  ['cost', 'BIGINT'],
  ['value', 'BIGINT'],
  ['currency', 'VARCHAR'],
  ['page', 'VARCHAR'],
  ['element', 'VARCHAR'],
  ['historical', 'BOOLEAN'],
  ['key_id', 'VARCHAR'],
  ['properties', 'VARCHAR'],
];

test('law 6: the stored line of an event: its bytes, which are those of a log entry and of a user’s record', () => {
  for (const [event, line] of [
    [FULL_EVENT, FULL_LINE],
    [BARE, BARE_LINE],
  ] as const) {
    expect(encodeEvent(event)).toBe(line);
    expect(encodeDraft(event)).toMatchObject({ ok: true, line, bytes: Buffer.byteLength(line) });
    const userKey = event.userId ?? event.anonymousId ?? '';
    const decoded = decodeLine(line, partitionOf(userKey, 16), 16, event.receivedAt);
    expect(decoded).toEqual({ ok: true, userKey, event });
    if (decoded.ok) expect(encodeEvent(decoded.event)).toBe(line);
  }
});

test('law 6: the columns of archived events: names, types, order', () => {
  expect(Object.entries(EVENT_COLUMNS)).toEqual([
    ...FIELD_COLUMNS,
    ['partition', 'INTEGER'],
    ['position', 'VARCHAR'],
    ['entry_index', 'INTEGER'],
  ]);
});

test('law 6: each field has a column of its own', () => {
  const own = Object.keys(EVENT_COLUMNS).filter(
    (column) => !['user_key', 'partition', 'position', 'entry_index'].includes(column),
  );
  expect(own).toHaveLength(EVENT_FIELDS.length);
});

test('law 6: a column that the first version had not is one that its files lack', () => {
  const first =
    'user_key ts type id user_id anonymous_id received_at source channel campaign creative cost value currency page element historical';
  const before = new Set([...first.split(' '), 'properties', 'partition', 'position', 'entry_index']);
  expect([...LATER_COLUMNS]).toEqual(Object.keys(EVENT_COLUMNS).filter((column) => !before.has(column)));
});

test('law 6: a row of the spool: its columns, its bytes', () => {
  expect(Object.entries(SPOOL_COLUMNS)).toEqual([
    ['partition', 'INTEGER'],
    ['day', 'VARCHAR'],
    ['position', 'VARCHAR'],
    ['entry_index', 'INTEGER'],
    ...FIELD_COLUMNS,
  ]);
  expect(spooled(FULL_LINE, 'anna')).toEqual([
    `${partitionOf('anna', 16)}\t2026-11-18\t7-3\t0\tanna\t1795000000000\tad_click\te-1\tanna\ta-1\t1795000000040\tshop\t` +
      'paid-search\tété\tblau\t12\t-1999\tEUR\thttps://shop.example/?q="1"\t#buy\ttrue\t0123456789ab\t' +
      '{"order":"o-7","items":[1,2.5,null],"é\\"":{"a":true}}\n',
  ]);
  expect(spooled(BARE_LINE, 'a')).toEqual([
    `${partitionOf('a', 16)}\t1970-01-01\t7-3\t0\ta\t0\tt\ti\t\ta\t5\ts\t\t\t\t\t\t\t\t\t\t\t\n`,
  ]);
});

test('law 6: the columns of what a generation keeps: names, types, order', () => {
  expect(Object.entries(GENERATION_EVENT_COLUMNS)).toEqual([
    ['partition', 'INTEGER'],
    ['user_key', 'VARCHAR'],
    ['ts', 'BIGINT'],
    ['id', 'VARCHAR'],
    ['type', 'VARCHAR'],
    ['channel', 'VARCHAR'],
    ['campaign', 'VARCHAR'],
    ['cost', 'BIGINT'],
    ['value', 'BIGINT'],
    ['currency', 'VARCHAR'],
    ['corrected_by', 'VARCHAR'],
    ['dropped', 'BOOLEAN'],
  ]);
  expect(Object.entries(CONVERSION_COLUMNS)).toEqual([
    ['id', 'VARCHAR'],
    ['user_key', 'VARCHAR'],
    ['ts', 'BIGINT'],
    ['type', 'VARCHAR'],
    ['value', 'BIGINT'],
    ['currency', 'VARCHAR'],
  ]);
});

test('every field is documented where its senders look', () => {
  const page = (name: string) => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
  const section = (text: string, title: string) => text.split(/^#+ /m).find((part) => part.startsWith(title)) ?? '';
  const ingestion = page('ingestion');
  const words = (text: string) => new Set(text.split(/[^\w]+/));
  const missing = (fields: readonly string[], text: string) => fields.filter((field) => !words(text).has(field));
  expect({
    'ingestion.md, Native events': missing(SENT_FIELDS, section(ingestion, 'Native events')),
    'ingestion.md, CloudEvents': missing(
      PLAIN_FIELDS.map((field) => field.toLowerCase()),
      section(ingestion, 'CloudEvents'),
    ),
    'importing.md, A row an event': missing(LONG_FIELDS, section(page('importing'), 'A row an event')),
  }).toEqual({ 'ingestion.md, Native events': [], 'ingestion.md, CloudEvents': [], 'importing.md, A row an event': [] });
});

function spooled(line: string, userKey: string): string[] {
  const text = emptySpoolText();
  const partition = partitionOf(userKey, 16);
  const appendedMs = 1_795_000_000_050;
  addEvents(text, { partition, position: '7-3', kind: 'events', body: line, appendedMs }, 16);
  expect(text.dead).toEqual([]);
  return text.rows;
}

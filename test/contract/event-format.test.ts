/**
 * What lies on disks and in logs, byte by byte: folders of every version stay readable. The expected values are written out, so that a
 * change of the table of fields cannot change both sides. A new field is added to them; what is there never changes.
 */
import { EVENT_COLUMNS } from '@tributary/archive/layout';
import { decodeLine } from '@tributary/model/decode-line';
import { encodeDraft } from '@tributary/model/draft';
import { type Event, encodeEvent } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { expect, test } from 'vitest';
import { CONVERSION_COLUMNS, GENERATION_EVENT_COLUMNS } from '../../jobs/recompute/src/compute/relations.ts';
import { addEvents, emptySpoolText, SPOOL_COLUMNS } from '../../services/archiver/src/spool-format.ts';

/** Every field there is, in another order than the line's. */
const FULL: Required<Event> = {
  properties: { order: 'o-7', items: [1, 2.5, null], 'é"': { a: true } },
  keyId: '0123456789ab',
  historical: true,
  element: '#buy',
  page: 'https://shop.example/?q="1"',
  currency: 'EUR',
  value: -1999,
  cost: 12,
  creative: 'blau',
  campaign: 'été',
  channel: 'paid-search',
  source: 'shop',
  receivedAt: 1_795_000_000_040,
  anonymousId: 'a-1',
  userId: 'anna',
  id: 'e-1',
  type: 'ad_click',
  ts: 1_795_000_000_000,
};
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
    [FULL, FULL_LINE],
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

function spooled(line: string, userKey: string): string[] {
  const text = emptySpoolText();
  const partition = partitionOf(userKey, 16);
  const appendedMs = 1_795_000_000_050;
  addEvents(text, { partition, position: '7-3', kind: 'events', body: line, appendedMs }, 16);
  expect(text.dead).toEqual([]);
  return text.rows;
}

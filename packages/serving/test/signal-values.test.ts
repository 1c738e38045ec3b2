/** How long the conditions of one definition may hold a server up. */
import { encodeEvent } from '@tributary/model/event';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { valuesReader } from '@tributary/serving/users/signal-values';
import { readSignals } from '@tributary/signals/definitions/read';
import { NEVER_CUT } from '@tributary/views/user-state';
import { expect, test } from 'vitest';

const NOON = Date.UTC(2026, 10, 20, 12);
const HARD = 'a'.repeat(450);
/** The slowest search that was found: 4 ms for 32 KB. */
const SLOW = `text.contains('${HARD}b${HARD}')`;
const SECTIONS = {
  fields: { text: 'properties.text' },
  signals: { counted: { count: '*', where: SLOW }, plain: { count: '*' } },
  sessions: { web: { where: SLOW } },
  segments: { in: { enter: SLOW } },
};

test('a time that is over ends the conditions of one definition too, before the next event', () => {
  const set = readSignals(SECTIONS, 90 * 86_400_000, sha256Hex);
  const lines = Array.from({ length: 100 }, (_, i) =>
    encodeEvent({
      ts: NOON - 1 - i,
      type: 'v',
      id: `e${i}`,
      receivedAt: NOON,
      source: 'native',
      properties: { text: 'a'.repeat(5_000) },
    }),
  );
  const record = Buffer.from(`${lines.join('\n')}\n`);
  for (const name of ['counted', 'web', 'in']) {
    let asked = 0;
    const question = { definitions: [set.get(name)], asOfMs: NOON, keptFromMs: NEVER_CUT, agedMs: NEVER_CUT };
    // Before the record, before the value, and then before each event.
    const [value] = valuesReader(question, () => ++asked > 5)(record).values;
    expect([value?.status, value?.value, asked]).toEqual(['NOT_COMPUTED', null, 6]);
    const whole = valuesReader(question, () => ++asked > 200)(record);
    expect([whole.values[0]?.status, asked]).toEqual(['READY', 6 + 2 + 100]);
  }
});

test('a time that is over ends conditions on short events within some of them', () => {
  const set = readSignals(SECTIONS, 90 * 86_400_000, sha256Hex);
  const lines = Array.from({ length: 100 }, (_, i) =>
    encodeEvent({ ts: NOON - 1 - i, type: 'v', id: `e${i}`, receivedAt: NOON, source: 'native' }),
  );
  const record = Buffer.from(`${lines.join('\n')}\n`);
  const question = { definitions: [set.get('counted')], asOfMs: NOON, keptFromMs: NEVER_CUT, agedMs: NEVER_CUT };
  let asked = 0;
  const [value] = valuesReader(question, () => ++asked > 3)(record).values;
  expect([value?.status, asked]).toEqual(['NOT_COMPUTED', 4]);
  valuesReader(question, () => ++asked > 1_000)(record);
  expect(asked).toBeLessThanOrEqual(4 + 2 + 100 / 10);
});

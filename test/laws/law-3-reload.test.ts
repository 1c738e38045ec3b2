/** Law 3 over a reload: a record may hold a line twice, of an event that was too old to be recognised when it came again. */

import { encodeEvent } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { naive } from '@tributary/testkit/oracle/naive';
import type { RowsByView } from '@tributary/views/deltas';
import { userFromRecord } from '@tributary/views/record';
import { VIEWS } from '@tributary/views/registry';
import { step, stepRules } from '@tributary/views/step';
import { expect, test } from 'vitest';
import { event } from './engines.ts';

test('law 3: a copy that a record holds counts once when the user is loaded again under definitions that make it a touch', () => {
  const scroll = event('s', 0, 'scroll', { channel: 'search' });
  const now = scroll.ts + 4 * HOUR_MS;
  const touches = { ...SMALL_DEFINITIONS.touches, scroll: { windowDays: 6 / 24 } };
  const rules = stepRules(VIEWS, definitionsOf({ ...SMALL_DEFINITIONS, touches }));
  // A signal under the definitions before: let go after two hours, kept in the record, and taken for new when it came again.
  const line = `${encodeEvent(scroll)}\n`;
  const user = userFromRecord(line + line, now, rules);
  const deltas: RowsByView = new Map();
  const purchase = { ...event('c', 4, 'buy', { value: 100, currency: 'EUR' }), receivedAt: now };
  step(user, purchase, now, rules, deltas);
  const expected = naive([scroll, scroll, purchase], rules.definitions);
  for (const view of ['credit', 'paths', 'positions', 'transitions']) expect(deltas.get(view), view).toEqual(expected.get(view));
});

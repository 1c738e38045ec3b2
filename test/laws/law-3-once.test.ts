import { type Event, encodeEvent } from '@tributary/model/event';
import { arbitraryLog } from '@tributary/testkit/inputs/arbitrary-log';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { trimRecord, userFromRecord } from '@tributary/views/record';
import { VIEWS } from '@tributary/views/registry';
import { step, stepRules } from '@tributary/views/step';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { merge, speedFold } from './speed-fold.ts';

const definitions = definitionsOf(SMALL_DEFINITIONS);

test('law 3: copies of events, at the same or another instant, change nothing after the first', () => {
  fc.assert(
    fc.property(arbitraryLog({ inTime: true, duplicates: true }), (events) => {
      const fold = speedFold(events, { definitions });
      expect(differences(merge(new Map(), fold, 0), naive(events, definitions))).toEqual([]);
      const distinct = new Set(events.map(({ userId, id }) => `${userId} ${id}`)).size;
      expect(fold.fates.filter((fate) => fate === 'duplicate')).toHaveLength(events.length - distinct);
    }),
    { numRuns: 400 },
  );
});

test('law 3: a whole batch that is read again counts once', () => {
  fc.assert(
    fc.property(arbitraryLog({ inTime: false }), fc.nat(24), fc.nat(24), (events, a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const replayed = [...events.slice(0, to), ...events.slice(from, to), ...events.slice(to)];
      const once = speedFold(events, { definitions }).deltas[0] as never;
      expect(differences(speedFold(replayed, { definitions }).deltas[0] as never, once)).toEqual([]);
    }),
    { numRuns: 400 },
  );
});

test('law 3: a worker that dies at any event and starts again from the records counts as if it had lived', () => {
  fc.assert(
    fc.property(arbitraryLog({ inTime: false, maxEvents: 40 }), fc.array(fc.nat(40), { maxLength: 6 }), (events, crashes) => {
      const lived = speedFold(events, { definitions });
      const died = speedFold(events, { definitions, crashBefore: (index) => crashes.includes(index) });
      expect(differences(died.deltas[0] as never, lived.deltas[0] as never)).toEqual([]);
      expect(died.fates).toEqual(lived.fates);
    }),
    { numRuns: 400 },
  );
});

test('law 3: a trimmed record gives the same state for every event to come', () => {
  const rules = stepRules(VIEWS, definitionsOf({ ...SMALL_DEFINITIONS, signalRetention: { days: 1 / 24, perUser: 20 } }));
  fc.assert(
    fc.property(arbitraryLog({ inTime: false, maxEvents: 40 }), fc.nat(40), (events, at) => {
      const own = events.map((event) => ({ ...event, userId: 'ana' }));
      const past = own.slice(0, at);
      const logTimeMs = Math.max(0, ...past.map((event) => event.receivedAt));
      const record = past.map((event) => `${encodeEvent(event)}\n`).join('');
      const outcomes = [record, trimRecord(record, logTimeMs, rules).record].map((text) => run(text, own.slice(at), logTimeMs));
      expect(outcomes[1]?.fates).toEqual(outcomes[0]?.fates);
      expect(differences(outcomes[1]?.deltas as never, outcomes[0]?.deltas as never)).toEqual([]);
    }),
    { numRuns: 300 },
  );

  function run(record: string, events: readonly Event[], since: number) {
    const user = userFromRecord(record, since, rules);
    const deltas = new Map();
    let logTimeMs = since;
    const fates = events.map((event) => {
      logTimeMs = Math.max(logTimeMs, event.receivedAt);
      return step(user, event, logTimeMs, rules, deltas).fate;
    });
    return { fates, deltas };
  }
});

import { DAY_MS } from '@tributary/model/time';
import { builtInDefinitions } from '@tributary/runtime/config/definitions';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VIEWS } from './registry.ts';
import { step, stepRules } from './step.ts';
import { emptyUser, isRetained } from './user-state.ts';

const rules = stepRules(VIEWS, builtInDefinitions());
const NOW = Date.UTC(2026, 10, 1);

test('law 7: a timeline holds at most eight events, or twice those that are retained', () => {
  const steps = fc.array(fc.record({ afterMs: fc.nat(2 * DAY_MS), isTouch: fc.boolean() }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (all) => {
      const user = emptyUser();
      let logTimeMs = NOW;
      let most = 8;
      for (const [i, { afterMs, isTouch }] of all.entries()) {
        logTimeMs += afterMs;
        const event = { ts: logTimeMs, id: `${i}`, receivedAt: logTimeMs, type: isTouch ? 'ad_click' : 'page' };
        step(user, event, logTimeMs, rules, new Map());
        const retained = user.events.filter((one) => isRetained(one, logTimeMs, rules.retention)).length;
        most = Math.max(8, retained * 2, most);
        expect(user.events.length).toBeLessThanOrEqual(most);
      }
      // The bound falls with what is retained: signals alone, each past its retention when the next one comes.
      logTimeMs += 200 * DAY_MS;
      for (let i = 0; i < most + 8; i++) {
        logTimeMs += 4 * DAY_MS;
        step(user, { ts: logTimeMs, id: `late ${i}`, receivedAt: logTimeMs, type: 'page' }, logTimeMs, rules, new Map());
      }
      expect(user.events.length).toBeLessThanOrEqual(8);
    }),
    { numRuns: 30 },
  );
});

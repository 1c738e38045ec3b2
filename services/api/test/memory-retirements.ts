/** Retention by age in memory: one file a day, each with ten events, and requests that a test ends. */

import { midnightOf } from '@tributary/archive/retention/plan';
import { DAY_MS } from '@tributary/model/time';
import type { RetirementDesk, ShownRetirement } from '../src/ports.ts';

export function memoryRetirements(firstDayMs: number): RetirementDesk & { readonly retirements: ShownRetirement[] } {
  const retirements: ShownRetirement[] = [];
  return {
    retirements,
    limit: async (nowMs) => ({ generation: 1, never: null, newestBefore: midnightOf(nowMs - 91 * DAY_MS) }),
    async plan({ before }) {
      const files = Math.max(0, Math.floor((before - firstDayMs) / DAY_MS));
      return {
        before,
        files,
        rows: 10 * files,
        bytes: 100 * files,
        months: [],
        staying: { files: 0, rows: 0, copied: 0 },
        corrections: [],
      };
    },
    async create({ planned, at, why, ...said }) {
      const number = retirements.length + 1;
      const made = {
        number,
        state: 'waiting' as const,
        ...said,
        askedAt: at,
        why: why ?? null,
        ...planned,
        endedAt: null,
        refusedBecause: null,
      };
      retirements.unshift(made);
      return made;
    },
    list: async () => ({ retiredBefore: null, retirements: [...retirements] }),
  };
}

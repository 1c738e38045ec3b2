/** Retention by age as the API asks it: plans by manifests and identities of events, requests and outcomes in files of the data folder. */
import { planRetirement, retirementLimit } from '@tributary/archive/retention/plan';
import { createRequest, type RetirementRequest, readRequests } from '@tributary/archive/retention/requests';
import { type RetirementOutcome, readRetired } from '@tributary/archive/retention/retired';
import type { RetirementDesk, ShownRetirement } from './ports.ts';

const MOST_SHOWN = 100;

export function openRetirementDesk(dataDir: string): RetirementDesk {
  return {
    limit: (nowMs) => retirementLimit(dataDir, nowMs),
    plan: (demand) => planRetirement(dataDir, demand),
    create: async (draft) => waiting(await createRequest(dataDir, draft)),
    async list() {
      // The outcomes last: a request that ends meanwhile is in them.
      const requests = await readRequests(dataDir, MOST_SHOWN);
      const { before = null, outcomes = [] } = (await readRetired(dataDir)) ?? {};
      const ended = new Set(outcomes.map(({ number }) => number));
      const retirements = [...outcomes.map(endedOf), ...requests.filter(({ number }) => !ended.has(number)).map(waiting)];
      return { retiredBefore: before, retirements: retirements.sort((a, b) => b.number - a.number).slice(0, MOST_SHOWN) };
    },
  };
}

function waiting({ number, before, at, by, why, planned }: RetirementRequest): ShownRetirement {
  return { number, state: 'waiting', before, askedAt: at, by, why: why ?? null, ...planned, endedAt: null, refusedBecause: null };
}

function endedOf({ at, refused, why, ...outcome }: RetirementOutcome): ShownRetirement {
  return {
    ...outcome,
    state: refused === undefined ? 'done' : 'refused',
    why: why ?? null,
    endedAt: at,
    refusedBecause: refused ?? null,
  };
}

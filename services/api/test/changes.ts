/** Answers against an earlier window, and what they must say, from the answers of both windows alone. */
import { isRule } from '@tributary/attribution/models/catalogue';
import { AttributionAnswer } from '@tributary/contract/groups/attribution-answer';
import type { LIVE_NAMES } from '@tributary/reports/models/live-models';
import { expect } from 'vitest';
import type { AnyRow } from './walked.ts';
import type { World } from './world.ts';

export const TODAY = 'from=2026-11-20&to=2026-11-21';
export const YESTERDAY = 'from=2026-11-19&to=2026-11-20';

export async function asked(world: World, query: string): Promise<AnyRow> {
  const { status, body } = await world.get(`/v1/attribution?${query}`);
  expect([query, status, body.detail]).toEqual([query, 200, undefined]);
  expect(AttributionAnswer.parse(body)).toEqual(body);
  return body;
}

/**
 * What an answer against another window must say, from the answers of both windows alone. `counted`: the same rows of conversions, where these
 * answers have none; null: nothing counts them.
 */
export function expectedChange(now: AnyRow, before: AnyRow, counted: readonly [AnyRow, AnyRow] | null = [now, before]): AnyRow {
  const change: AnyRow = {};
  for (const [measure, title] of [
    ['creditMicros', 'CreditMicros'],
    ['conversions', 'Conversions'],
    ['valueMinor', 'ValueMinor'],
    ['costMinor', 'CostMinor'],
  ] as const) {
    if ([now[measure], before[measure]].includes(null) || (now[measure] ?? before[measure]) === undefined) continue;
    change[`previous${title}`] = before[measure] ?? 0;
    change[`${measure}Change`] = (now[measure] ?? 0) - (before[measure] ?? 0);
  }
  if (change.creditMicrosChange !== undefined) change.conversionsChange = change.creditMicrosChange / 1e6;
  const { costMinorChange: cost, valueMinorChange: value, creditMicrosChange: credit } = change;
  if (cost === undefined) return change;
  const still = cost === 0 || Math.abs(cost) < 0.05 * change.previousCostMinor;
  const isUnknown = counted === null || counted.some(({ creditMicros }) => creditMicros === null);
  const [ofNow = 0, ofBefore = 0] = (isUnknown ? [] : counted).map(({ creditMicros = 0 }) => creditMicros / 1e6);
  const [apart, sum] = [ofNow - ofBefore, ofNow + ofBefore];
  const byChance = !isUnknown && (apart === 0 || Math.abs(apart) < 2 * Math.sqrt(Math.max(0, sum)));
  if (value !== undefined)
    change.changeRatioRoas = still || byChance || isUnknown || (cost < 0 && value > 0) ? null : value / cost + 0;
  if (credit !== undefined) {
    const moved = (cost > 0 && credit > 0) || (cost < 0 && credit < 0);
    change.changeRatioCpaMinor = moved && !still && !byChance ? cost / (credit / 1e6) : null;
  }
  const isApart = !still && !byChance && !isUnknown && (change.changeRatioRoas === null || change.changeRatioCpaMinor === null);
  const chance = byChance ? 'conversions_within_chance' : isUnknown && 'conversions_not_counted';
  const codes = [still && 'cost_stood_still', chance, isApart && 'moved_apart'];
  change.changeCautions = codes.filter((code) => code !== false).join(' ');
  return change;
}

/** The answers that count conversions: these, or of a rule those to the same question about conversions; null: a model that counts value alone. */
export async function countedBy(
  world: World,
  model: (typeof LIVE_NAMES)[number],
  query: string,
  answers: readonly [AnyRow, AnyRow],
) {
  if (!query.endsWith('value=revenue')) return answers;
  if (!isRule(model)) return null;
  const counting = query.replace('revenue', 'conversions');
  return Promise.all([asked(world, `${counting}&${TODAY}`), asked(world, `${counting}&${YESTERDAY}`)]);
}

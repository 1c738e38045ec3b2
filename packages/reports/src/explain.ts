/**
 * Why a conversion's credit went where it went. The path and the weights come from the very functions that the views
 * are computed with, so the explanation cannot disagree with the report.
 */
import { weightsOf } from '@tributary/attribution/rule-based';
import { type Definitions, RULE_BASED_MODELS } from '@tributary/model/definitions';
import { CREDIT_UNIT_MICROS, split } from '@tributary/model/money';
import { DAY_MS } from '@tributary/model/time';
import { channelsOf } from '@tributary/views/journeys/channels';
import { MAX_PATH_TOUCHES } from '@tributary/views/journeys/most-touches';
import { pathOf } from '@tributary/views/journeys/path';
import { orderedShares } from '@tributary/views/positions/fold';
import type { TimelineEvent } from '@tributary/views/timeline';

/** Models that say how one conversion falls on its touches. The others look at all journeys of a window. */
export const EXPLAINED_MODELS = [...RULE_BASED_MODELS, 'orderedShapley'] as const;
type ExplainedModel = (typeof EXPLAINED_MODELS)[number];

export interface TouchCredit {
  /** Of `weightSum` over the path. */
  readonly weight: number;
  readonly creditMicros: number;
  readonly valueMinor: number;
}

export interface ExplainedTouch {
  readonly touch: TimelineEvent;
  readonly eligible: boolean;
  /** Why not, or why so. */
  readonly reason: string;
  readonly credits: Partial<Record<ExplainedModel, TouchCredit>>;
}

export interface Explanation {
  readonly conversion: TimelineEvent;
  /** In order; touches up to the conversion's instant. */
  readonly touches: readonly ExplainedTouch[];
  /** Ineligible touches, the oldest, that are not listed. */
  readonly omitted: number;
  readonly weightSums: Partial<Record<ExplainedModel, number>>;
}

/** Ineligible touches listed at the most. */
const MAX_INELIGIBLE = 200;

/** null when the timeline holds no conversion of that id. */
export function explain(timeline: readonly TimelineEvent[], id: string, definitions: Definitions): Explanation | null {
  const at = timeline.findIndex((event) => event.id === id && event.kind === 'conversion');
  const conversion = timeline[at];
  if (conversion === undefined) return null;
  const path = pathOf(timeline, at, definitions);
  const credits = new Map<TimelineEvent, ExplainedTouch['credits']>(path.map((touch) => [touch, {}]));
  const weightSums: Partial<Record<ExplainedModel, number>> = {};
  if (path.length > 0) {
    const add = (model: ExplainedModel, weights: readonly number[], micros: readonly number[], values: readonly number[]) => {
      weightSums[model] = weights.reduce((sum, weight) => sum + weight, 0);
      path.forEach((touch, i) => {
        const credit = { weight: weights[i] ?? 0, creditMicros: micros[i] ?? 0, valueMinor: values[i] ?? 0 };
        (credits.get(touch) as Record<string, TouchCredit>)[model] = credit;
      });
    };
    for (const model of RULE_BASED_MODELS) {
      const weights = weightsOf(model, path, conversion.ts, definitions);
      add(model, weights, split(CREDIT_UNIT_MICROS, weights), split(conversion.valueMinor, weights));
    }
    const shares = orderedShares(channelsOf(path, definitions));
    add('orderedShapley', shares(CREDIT_UNIT_MICROS), shares(CREDIT_UNIT_MICROS), shares(conversion.valueMinor));
  }
  const touches: ExplainedTouch[] = [];
  let ineligible = 0;
  let omitted = 0;
  // Newest first, so that it is the oldest ineligible touches that are left out.
  for (let i = timeline.length - 1; i >= 0; i--) {
    const touch = timeline[i] as TimelineEvent;
    if (touch.kind !== 'touch' || touch.ts > conversion.ts) continue;
    const credit = credits.get(touch);
    if (credit === undefined && ++ineligible > MAX_INELIGIBLE) omitted++;
    else {
      const reason = reasonOf(touch, { at: i, conversionAt: at, eligible: credit !== undefined }, timeline, definitions);
      touches.push({ touch, eligible: credit !== undefined, reason, credits: credit ?? {} });
    }
  }
  return { conversion, touches: touches.reverse(), omitted, weightSums };
}

function reasonOf(
  touch: TimelineEvent,
  { at, conversionAt, eligible }: { at: number; conversionAt: number; eligible: boolean },
  timeline: readonly TimelineEvent[],
  definitions: Definitions,
): string {
  const windowMs = definitions.touchWindowMs.get(touch.type) ?? 0;
  const ageMs = (timeline[conversionAt] as TimelineEvent).ts - touch.ts;
  const age = `${inDays(ageMs)} days before the conversion`;
  if (eligible) return `${age}, within the ${inDays(windowMs)}-day window of "${touch.type}"`;
  if (at > conversionAt) return 'at the instant of the conversion, but ordered after it by id';
  if (ageMs > windowMs) return `${age}, outside the ${inDays(windowMs)}-day window of "${touch.type}"`;
  const isReset = timeline.slice(at, conversionAt).some(({ kind }) => kind === 'conversion');
  if (definitions.attribution.resetOnConversion && isReset) return 'before the previous conversion, and resetOnConversion is on';
  const newer = timeline.slice(at + 1, conversionAt).filter(({ kind }) => kind === 'touch').length;
  if (newer >= MAX_PATH_TOUCHES) return `${age}, before the newest ${MAX_PATH_TOUCHES} touches: a path looks back no further`;
  return `seen, not clicked ("${touch.type}" is view-through), while the path has a click, and clicksOutrankViews is on`;
}

function inDays(ms: number): string {
  return String(Math.round((ms / DAY_MS) * 100) / 100);
}

/**
 * Why a conversion's credit went where it went. The path and the weights come from the very functions that the views
 * are computed with: by the same definitions, over the same timeline, the explanation agrees with the report.
 */
import { isRule, MODEL_NAMES, modelInfo } from '@tributary/attribution/models/catalogue';
import { touchesOf } from '@tributary/attribution/paths/weighted-path';
import { weightsOf } from '@tributary/attribution/rule-based';
import { type RuleName, ruleOf } from '@tributary/attribution/rules/rules';
import { CREDIT_UNIT_MICROS, split } from '@tributary/model/amounts/money';
import { OTHER } from '@tributary/model/channels/channel';
import type { Definitions } from '@tributary/model/definitions';
import { span } from '@tributary/model/span';
import { DAY_MS } from '@tributary/model/time';
import { channelsOf } from '@tributary/views/journeys/channels';
import { MAX_PATH_TOUCHES } from '@tributary/views/journeys/most-touches';
import { pathOf } from '@tributary/views/journeys/path';
import { orderedShares } from '@tributary/views/positions/fold';
import type { TimelineEvent } from '@tributary/views/timeline';
import { missingFor } from './models/live-models.ts';
import { weighsPaths } from './models/rules.ts';

type ExplainedModel = RuleName | 'orderedShapley';

/** Models that say how one conversion falls on its touches. The others look at all journeys of a window, or at more than there is. */
export const EXPLAINED_MODELS: readonly ExplainedModel[] = MODEL_NAMES.filter(
  (name): name is ExplainedModel =>
    name === 'orderedShapley' || (isRule(name) && missingFor(name) === null && modelInfo(name).required.length === 0),
);

export interface TouchCredit {
  /** Its part of `weightSum`, which is over the path. */
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
  /** What readers must know of models that have no weights here; null: all have them, or no touch is eligible. */
  readonly note: string | null;
}

/** Ineligible touches listed, at most. */
const MAX_INELIGIBLE = 200;

/** null when the timeline holds no conversion of that id. */
export function explain(timeline: readonly TimelineEvent[], id: string, definitions: Definitions): Explanation | null {
  const at = timeline.findIndex((event) => event.id === id && event.kind === 'conversion');
  const conversion = timeline[at];
  if (conversion === undefined) return null;
  const path = pathOf(timeline, at, definitions);
  const credits = new Map<TimelineEvent, ExplainedTouch['credits']>(path.map((touch) => [touch, {}]));
  const weightSums: Partial<Record<ExplainedModel, number>> = {};
  const channels = channelsOf(path, definitions);
  const withoutWeights: ExplainedModel[] = [];
  if (path.length > 0) {
    const add = (model: ExplainedModel, weights: readonly number[], micros: readonly number[], values: readonly number[]) => {
      weightSums[model] = weights.reduce((sum, weight) => sum + weight, 0);
      path.forEach((touch, i) => {
        const credit = { weight: weights[i] ?? 0, creditMicros: micros[i] ?? 0, valueMinor: values[i] ?? 0 };
        (credits.get(touch) as Record<string, TouchCredit>)[model] = credit;
      });
    };
    for (const model of EXPLAINED_MODELS) {
      if (!isRule(model)) continue;
      const weights = weighsPaths(model, { transform: null })
        ? weightsOfSteps(model, channels, definitions)
        : weightsOf(model, path, conversion.ts, definitions);
      if (weights === null) withoutWeights.push(model);
      else add(model, weights, split(CREDIT_UNIT_MICROS, weights), split(conversion.valueMinor, weights));
    }
    const shares = orderedShares(channels);
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
  return { conversion, touches: touches.reverse(), omitted, weightSums, note: noteOf(withoutWeights, definitions) };
}

function noteOf(models: readonly ExplainedModel[], { attribution }: Definitions): string | null {
  if (models.length === 0) return null;
  return `${models.join(', ')}: the path has more than ${attribution.pathSteps} steps (attribution.pathSteps of the definitions), so all credit goes to ${OTHER}`;
}

/**
 * Weights of the touches under a rule over the paths that views keep: consecutive touches of one channel are one step, which the first
 * of them stands for. null: the path is too long for that view, and the credit goes to `(other)`.
 */
function weightsOfSteps(model: RuleName, channels: readonly string[], definitions: Definitions): number[] | null {
  const steps = channels.flatMap((channel, i) => (channel === channels[i - 1] ? [] : [i]));
  if (steps.length > definitions.attribution.pathSteps) return null;
  const ofSteps = ruleOf(model).weights(touchesOf({ path: steps.map((i) => channels[i] as string) }), definitions);
  const weights = channels.map(() => 0);
  for (const [nth, i] of steps.entries()) weights[i] = ofSteps[nth] as number;
  return weights;
}

function reasonOf(
  touch: TimelineEvent,
  { at, conversionAt, eligible }: { at: number; conversionAt: number; eligible: boolean },
  timeline: readonly TimelineEvent[],
  definitions: Definitions,
): string {
  const windowMs = definitions.touchWindowMs.get(touch.type) ?? 0;
  const ageMs = (timeline[conversionAt] as TimelineEvent).ts - touch.ts;
  const age = `${ageMs > 0 && ageMs < DAY_MS ? span(ageMs) : `${inDays(ageMs)} days`} before the conversion`;
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

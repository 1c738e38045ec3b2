/** From the journeys of a path file to the answers of every model: pure. */
import type { OrderFit } from '@tributary/attribution/data-driven/order-choice';
import { isRule, modelInfo } from '@tributary/attribution/models/catalogue';
import type { PathTransform } from '@tributary/attribution/paths/transforms';
import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';
import type { Shape } from '@tributary/attribution/rules/rules';
import { InputFailure } from '@tributary/importing/failures';
import { OTHER } from '@tributary/model/channels/channel';
import { TributaryError } from '@tributary/model/errors';
import { byData, byRule, type FileModel, journeysOf, type ModelAnswer, type ModelOptions } from './models.ts';

export interface AttributeOptions extends ModelOptions {
  readonly models: readonly FileModel[];
  readonly shape: Shape;
  readonly order: number;
  /** Leave out models that the counts are too large for, instead of ending with an error. */
  readonly lenient: boolean;
}

export interface Attribution {
  readonly answers: readonly ModelAnswer[];
  readonly leftOut: readonly { readonly model: FileModel; readonly reason: string }[];
}

/** Paths as the models see them: transformed, and all channels but the `top` most frequent as `(other)`. */
export function changeOf(paths: readonly WeightedPath[], transform: PathTransform, top: number | undefined): PathTransform {
  if (top === undefined) return transform;
  const kept = mostFrequent(changed(paths, transform), top);
  return (path) => transform(path).map((channel) => (kept.has(channel) ? channel : OTHER));
}

export function changed(paths: readonly WeightedPath[], change: PathTransform): WeightedPath[] {
  return paths.map((one) => ({ ...one, path: change(one.path) }));
}

export function attribute(paths: readonly WeightedPath[], options: AttributeOptions): Attribution {
  const journeys = journeysOf(paths, options.order);
  const answers: ModelAnswer[] = [];
  const leftOut: { model: FileModel; reason: string }[] = [];
  for (const model of options.models) {
    try {
      answers.push(isRule(model) ? byRule(model, options.shape, journeys) : byData(model, journeys, options));
    } catch (error) {
      if (!(error instanceof TributaryError) || error.code !== 'too_many_states') throw error;
      if (!options.lenient) throw tooManyStates(model, error);
      leftOut.push({ model, reason: error.message });
    }
  }
  return { answers, leftOut };
}

/**
 * At the order that fits best of those that the models take: an order that is chosen is not refused afterwards. Where models are left
 * out instead of refused, the first of those that have an order decides.
 */
export function attributeAtBestOrder(
  paths: readonly WeightedPath[],
  fits: readonly OrderFit[],
  options: Omit<AttributeOptions, 'order'>,
): Attribution & { readonly order: number /** That fit better, and were refused. */; readonly refused: readonly number[] } {
  const refused: number[] = [];
  const decides = options.models.find((model) => modelInfo(model).parameters.includes('order'));
  let first: unknown;
  for (const { order } of fits.toSorted((a, b) => b.penalisedAuc - a.penalisedAuc || a.order - b.order)) {
    try {
      const attribution = attribute(paths, { ...options, order });
      if (attribution.leftOut.every(({ model }) => model !== decides) || order === 1) return { ...attribution, order, refused };
    } catch (error) {
      if (!(error instanceof InputFailure) || error.code !== 'too_many_states') throw error;
      first ??= error;
    }
    refused.push(order);
  }
  throw first;
}

function tooManyStates(model: string, error: TributaryError): InputFailure {
  return new InputFailure(
    {
      code: error.code,
      message: `${model}: ${error.message}`,
      fix: 'Tell fewer channels apart (--top 100), lower --order, or ask for other --models.',
      kind: 'usage',
    },
    { cause: error },
  );
}

/** By journeys; of equally frequent ones those that sort first. */
function mostFrequent(paths: readonly WeightedPath[], top: number): Set<string> {
  const journeys = new Map<string, number>();
  for (const { path, conversions, nulls } of paths)
    for (const channel of new Set(path)) journeys.set(channel, (journeys.get(channel) ?? 0) + conversions + nulls);
  const sorted = [...journeys].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return new Set(sorted.slice(0, top).map(([channel]) => channel));
}

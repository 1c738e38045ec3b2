/** What each model of a report gives to whom: rows keyed alike, whole micro-credits that sum to the conversions (law 4). */

import type { Reward } from '@tributary/attribution/data-driven/counts';
import type { Sampling } from '@tributary/attribution/data-driven/shapley';
import { isShared, type ModelName } from '@tributary/attribution/models/catalogue';
import type { ModelOutcome, SharedName } from '@tributary/attribution/models/shared-models';
import { unsoundShares } from '@tributary/attribution/uncertainty/handed-out';
import type { Integer } from '@tributary/model/integer';
import type { Rows } from '@tributary/views/deltas';
import { aloneIn } from '../counts/group-counts.ts';
import type { Counts } from '../counts/take-counts.ts';
import { rowFiltersOf } from '../journeys/scope.ts';
import type { ModelOutcomes } from '../runner/run-models.ts';
import { sumOf } from '../sums.ts';
import { type ChannelFacts, factsOf } from './channel-facts.ts';
import { creditOfChannels, rowsOfShares } from './shares.ts';
import { type ModelUncertainty, uncertaintyOf, uncertaintyOfRows } from './uncertainty.ts';

export interface OutsideShare {
  readonly channel: string;
  readonly share: number;
  /** Journeys that met this channel and no other. */
  readonly alone: number;
}

export interface ModelCredit {
  /** `[creditMicros, valueMinor]` by the dimensions asked for. */
  readonly rows: Rows;
  readonly totals: readonly Integer[];
  readonly channels: ReadonlyMap<string, ChannelFacts>;
  /** `[creditMicros, valueMinor]` of whole channels, for what belongs to channels alone. */
  readonly byChannel: Rows;
  /** Whether the model was run for the value of one currency: then there is one effect on value. */
  readonly oneCurrency: boolean;
  /** Whether the model gives a channel less than nothing. */
  readonly hasNegativeShares: boolean;
  /** The shares for which `withheld` is not empty. */
  readonly outside: readonly OutsideShare[];
  /** Rewards of which the model hands out no credit: `rows` have none that may be shown, effects only (attribution/src/uncertainty/handed-out.ts). */
  readonly withheld: ReadonlySet<Reward>;
  /** null: exact. */
  readonly sampling: Sampling | null;
  /** null: none was asked for. */
  readonly uncertainty: ModelUncertainty | null;
}

/** In the order of the question's models. */
export function creditOf(counts: Counts, outcomes: ReadonlyMap<SharedName, ModelOutcomes>): ReadonlyMap<ModelName, ModelCredit> {
  return new Map(
    counts.question.models.map((model) => [
      model,
      isShared(model) ? creditOfShares(model, outcomes.get(model) as ModelOutcomes, counts) : creditOfRows(model, counts),
    ]),
  );
}

function creditOfRows(model: ModelName, counts: Counts): ModelCredit {
  const rows = counts.credit.get(model) as Rows;
  const none = {
    channels: new Map(),
    byChannel: new Map(),
    oneCurrency: false,
    hasNegativeShares: false,
    outside: [],
    withheld: new Set<Reward>(),
    sampling: null,
    uncertainty: uncertaintyOfRows(model, counts),
  };
  return { rows, totals: sumOf(rows, 2), ...none };
}

function creditOfShares(model: SharedName, outcomes: ModelOutcomes, counts: Counts): ModelCredit {
  const { question, shared } = counts;
  const { journeys, cells, wholes } = shared as NonNullable<Counts['shared']>;
  const given = creditOfChannels(outcomes, journeys.sizes);
  const rows = rowsOfShares(given, cells, question.by, rowFiltersOf(question));
  const ofConversions = outcomes.conversions === null ? [] : [outcomes.conversions];
  const ofValues = [...outcomes.values.values()];
  const all = [...ofConversions, ...ofValues];
  const isUnsound = ({ channels }: ModelOutcome) => unsoundShares(model, channels).length > 0;
  return {
    rows,
    totals: sumOf(rows, 2),
    channels: factsOf(model, outcomes, journeys.sizes),
    byChannel: rowsOfShares(given, wholes, ['channel'], {}),
    oneCurrency: outcomes.values.size === 1,
    hasNegativeShares: all.some(({ channels }) => channels.some(({ share }) => share < 0)),
    outside: outsideOf(model, all, counts),
    withheld: new Set([
      ...(ofConversions.some(isUnsound) ? ['conversions' as const] : []),
      ...(ofValues.some(isUnsound) ? ['value' as const] : []),
    ]),
    sampling: all[0]?.sampling ?? null,
    uncertainty: uncertaintyOf(model, outcomes, counts),
  };
}

/** Under the first reward that has any. */
function outsideOf(model: SharedName, all: readonly ModelOutcome[], { names, shared }: Counts): OutsideShare[] {
  const found = all.map(({ channels }) => unsoundShares(model, channels)).find(({ length }) => length > 0) ?? [];
  if (found.length === 0) return [];
  const alone = aloneIn(shared?.journeys.sets?.counts(null) ?? [], names.inModels ?? ((channel) => channel));
  return found.map(({ channel, share }) => ({ channel, share, alone: alone.get(channel)?.journeys ?? 0 }));
}

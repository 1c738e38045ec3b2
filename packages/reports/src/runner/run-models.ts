/** The shared models of a report, run on the merged counts of one window. */

import { renameChannels } from '@tributary/attribution/data-driven/counts';
import { isShared } from '@tributary/attribution/models/catalogue';
import type { ModelCounts } from '@tributary/attribution/models/shared-model';
import { looksAt, type ModelJob, type ModelOutcome, type SharedName } from '@tributary/attribution/models/shared-models';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import type { ChannelNames } from '../counts/channel-names.ts';
import type { JourneyCounts } from '../counts/journey-counts.ts';
import type { Counts } from '../counts/take-counts.ts';
import type { ModelParameters } from '../question.ts';
import { remembered } from './remembered-outcomes.ts';
import type { ModelAsker, ModelRunner } from './runner.ts';

/** Where models run, and for whom. */
export interface ModelRuns {
  readonly runner: Pick<ModelRunner, 'run' | 'timeoutMs'>;
  readonly asker: Asker;
  /** Lets other requests go on, between pieces of work that hold up the event loop. */
  readonly turn: () => Promise<unknown>;
}

/** A model's outcomes over one window. */
export interface ModelOutcomes {
  /** null: value alone was asked for. */
  readonly conversions: ModelOutcome | null;
  /** By currency; empty: conversions alone were asked for. */
  readonly values: ReadonlyMap<string, ModelOutcome>;
}

/** One after the other. Rejects with `too_many_states`, or as the runner does. */
export async function runModels(
  { question, names, shared }: Counts,
  { runner, asker }: Pick<ModelRuns, 'runner' | 'asker'>,
): Promise<ReadonlyMap<SharedName, ModelOutcomes>> {
  const outcomes = new Map<SharedName, ModelOutcomes>();
  if (shared === null) return outcomes;
  const { journeys, groups } = shared;
  const without = groups === null || typeof groups === 'string' ? null : groups.without;
  const { parameters, wanted } = question;
  // A comparison of many models has no more time than one of them.
  const untilMs = performance.now() + runner.timeoutMs;
  const waiting: ModelAsker = { ...asker, untilMs: () => untilMs };
  for (const model of question.models.filter(isShared)) {
    const run = (currency: string | null) =>
      remembered(
        [journeys.sizes, journeys.sets, journeys.edges],
        JSON.stringify([model, currency, parameters, names.key]),
        waiting,
        (askers) => runner.run(jobOf(model, currency, { journeys, without }, names, parameters), askers),
      );
    const conversions = wanted.conversions ? await run(null) : null;
    const values = new Map<string, ModelOutcome>();
    for (const currency of journeys.currencies) values.set(currency, await run(currency));
    outcomes.set(model, { conversions, values });
  }
  return outcomes;
}

/** `currency`: whose value is shared out; null: conversions are. */
function jobOf(
  model: SharedName,
  currency: string | null,
  { journeys, without }: { readonly journeys: JourneyCounts; readonly without: readonly JourneyCounts[] | null },
  names: ChannelNames,
  { alpha, seed }: ModelParameters,
): ModelJob {
  return {
    model,
    reward: currency === null ? 'conversions' : 'value',
    ...countsFor(model, currency, journeys, names),
    without: without?.map((one) => countsFor(model, currency, one, names)) ?? null,
    alpha,
    seed,
  };
}

function countsFor(
  model: SharedName,
  currency: string | null,
  { sizes, sets, edges }: JourneyCounts,
  { inModels }: ChannelNames,
): ModelCounts {
  const looks = looksAt(model);
  const bySize = !looks.sizes ? [] : currency === null ? sizes.ofConversions : (sizes.ofValue.get(currency) ?? []);
  const coalitions = looks.sets && sets !== null ? sets.counts(currency) : [];
  const transitions = looks.edges && edges !== null ? edges.counts(currency) : [];
  return {
    sizes: inModels === null ? bySize : bySize.map((row) => ({ ...row, channel: inModels(row.channel) })),
    coalitions: inModels === null ? coalitions : renameChannels(coalitions, inModels),
    transitions: inModels === null ? transitions : renameChannels(transitions, inModels),
  };
}

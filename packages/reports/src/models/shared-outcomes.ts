/** The shared models of one report, run on the merged counts of its window. */
import { hash } from 'node:crypto';
import { OTHER } from '@tributary/model/channel';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { Layers } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import { UNATTRIBUTED } from '@tributary/views/credit/fold';
import type { View } from '@tributary/views/view';
import {
  type CountsByCurrency,
  EDGE_VIEWS,
  type EdgeName,
  edgesOf,
  SET_VIEWS,
  type SetName,
  setsOf,
} from '../counts/journeys.ts';
import type { Scope } from '../counts/scope.ts';
import { type SetCounts, setCounts } from '../counts/sizes.ts';
import type { SharedOutcome } from '../credit/shared.ts';
import type { Asker } from '../runner/queue.ts';
import { remembered } from '../runner/remembered-outcomes.ts';
import type { ModelRunner } from '../runner/runner.ts';
import type { SharedModel } from './catalogue.ts';
import {
  composed,
  largestChannels,
  onlyThese,
  type Rename,
  renamedEdges,
  renamedSets,
  renamedSizes,
  unclaimed,
} from './channel-names.ts';
import type { ModelJob, ModelOutcome } from './compute.ts';

export interface ModelParameters {
  /** Of the Markov chain. */
  readonly order: number;
  readonly alpha: number;
  /** Of sampling and of bootstrap draws. */
  readonly seed: number;
  readonly intervals: ModelJob['intervals'];
}

export interface SharedQuestion {
  readonly models: readonly SharedModel[];
  readonly scope: Scope;
  /** Another window whose channels are to read alike; null: there is none. */
  readonly beside: Scope | null;
  readonly layers: Layers;
  readonly wanted: { readonly conversions: boolean; readonly revenue: boolean };
  readonly parameters: ModelParameters;
}

export interface PreparedModels {
  readonly counts: SetCounts;
  /** Groups the smallest channels; null: there are not too many. */
  readonly grouped: Rename | null;
  /** Renames a channel that is called what conversions without a path are called; null: there is none. */
  readonly freed: Rename | null;
  readonly holes: readonly string[];
  readonly notes: readonly string[];
  /** Rejects with `too_many_states`, or as the runner does. */
  run(ask: AskModels): Promise<ReadonlyMap<SharedModel, SharedOutcome>>;
}

export interface AskModels {
  readonly runner: Pick<ModelRunner, 'run'>;
  readonly asker: Asker;
}

const OVER_CHAINS: readonly SharedModel[] = ['markov', 'markovShapley', 'hybrid'];

/** The views that a model is computed from. */
export function countsOf(model: SharedModel): readonly View[] {
  return OVER_CHAINS.includes(model) ? [...SET_VIEWS, ...EDGE_VIEWS] : SET_VIEWS;
}

/** Currencies that a model is run for in one answer: each is a run of its own. */
const MOST_CURRENCIES: Record<SharedModel, number> = {
  shapley: 1_000,
  markov: 100,
  hybrid: 100,
  rateShapley: 10,
  markovShapley: 10,
};

/**
 * Takes from the snapshot what the models need; running them may take a while, and a snapshot is held no longer than it must.
 * Throws `invalid_query` for an order that is not kept, or more currencies than a model is run for.
 */
export function prepareShared(
  snapshot: Pick<Snapshot, 'collect' | 'definitions' | 'newer'>,
  question: SharedQuestion,
): PreparedModels {
  const { models, scope, beside, wanted, parameters } = question;
  const own = windowCounts(snapshot, scope, question);
  const windows = beside === null ? [own] : [own, windowCounts(snapshot, beside, question)];
  const { counts, sets, edges } = own;

  // Over all windows of the answer: a channel that is told apart in one of them only could not be held against itself.
  const channels = new Set(windows.flatMap((window) => [...channelsIn(window)]));
  const freed = channels.has(UNATTRIBUTED) ? unclaimed : null;
  const largest = largestChannels(
    models,
    windows.flatMap((window) => window.counts.sizes),
    channels,
  );
  const groups = largest === null ? '' : hash('sha256', [...largest.names].sort().join('\t'), 'base64url');
  const grouped = largest === null ? null : onlyThese(largest.names);
  const names = composed(freed, grouped);
  const currencies = wanted.revenue ? currenciesOf(counts, models) : [];
  const negative = (sets?.negative ?? 0) + (edges?.negative ?? 0);

  const jobFor = (model: SharedModel, currency: string | null): ModelJob => {
    const looks = looksAt(model, parameters);
    return {
      model,
      reward: currency === null ? 'conversions' : 'value',
      sizes: looks.sizes ? sizesFor(counts, currency, names) : [],
      coalitions: looks.sets && sets !== null ? named(sets.counts(currency), names, renamedSets) : [],
      transitions: looks.edges && edges !== null ? named(edges.counts(currency), names, renamedEdges) : [],
      ...parameters,
    };
  };
  return {
    counts,
    grouped,
    freed,
    ...findingsOf(snapshot.definitions[0], question, counts, { small: largest?.grouped ?? 0, freed: freed !== null }, negative),
    async run({ runner, asker }) {
      const outcomes = new Map<SharedModel, SharedOutcome>();
      for (const model of models) {
        const runFor = (currency: string | null) =>
          remembered([counts, sets, edges], JSON.stringify([model, currency, parameters, groups]), asker, (those) =>
            runner.run(jobFor(model, currency), those),
          );
        const conversions = wanted.conversions ? await runFor(null) : null;
        const values = new Map<string, ModelOutcome>();
        for (const currency of currencies) values.set(currency, await runFor(currency));
        outcomes.set(model, { conversions, values });
      }
      return outcomes;
    },
  };
}

interface WindowCounts {
  readonly counts: SetCounts;
  /** null: no model looks at them. */
  readonly sets: CountsByCurrency<SetName> | null;
  readonly edges: CountsByCurrency<EdgeName> | null;
}

function windowCounts(
  snapshot: Pick<Snapshot, 'collect' | 'definitions' | 'newer'>,
  scope: Scope,
  { models, parameters }: SharedQuestion,
): WindowCounts {
  const ofSets = models.some((model) => looksAt(model, parameters).sets);
  const ofEdges = models.some((model) => looksAt(model, parameters).edges);
  if (ofEdges) demandOrder(snapshot, parameters.order);
  return {
    counts: setCounts(snapshot, scope),
    sets: ofSets ? setsOf(snapshot, scope) : null,
    edges: ofEdges ? edgesOf(snapshot, scope, parameters.order) : null,
  };
}

function looksAt(model: SharedModel, { intervals }: ModelParameters): { sizes: boolean; sets: boolean; edges: boolean } {
  const edges = OVER_CHAINS.includes(model);
  const sizes = model === 'shapley' || model === 'hybrid';
  return { sizes, sets: model === 'rateShapley' || (sizes && intervals !== null), edges };
}

/** Counts of a lower order follow from those that are kept, counts of a higher one do not. Throws `invalid_query`. */
export function demandOrder({ definitions, newer }: Pick<Snapshot, 'definitions' | 'newer'>, order: number): void {
  const kept = Math.min(...definitions.map(({ attribution }) => attribution.transitionOrder));
  if (order <= kept) return;
  const soon =
    newer === null ? '' : `; generation ${newer} is published and still loading: if it keeps more, ask again in a moment`;
  throw new TributaryError(
    'invalid_query',
    `order: ${order} was asked for, and transitions are kept at order ${kept}: ask for ${kept} at the most, or set definitions.attribution.transitionOrder to ${order} and run a generation${soon}`,
  );
}

function currenciesOf({ attributed }: SetCounts, models: readonly SharedModel[]): string[] {
  const currencies = [...attributed.values].flatMap(([currency, value]) => (value === 0 ? [] : [currency])).sort();
  const crowded = models.find((model) => currencies.length > MOST_CURRENCIES[model]);
  if (crowded === undefined) return currencies;
  throw new TributaryError(
    'invalid_query',
    `currency: the window has values of ${currencies.length} currencies, and ${crowded} is run for ${MOST_CURRENCIES[crowded]} at the most: ask for one currency, or value=conversions`,
  );
}

function sizesFor(counts: SetCounts, currency: string | null, rename: Rename | null) {
  const sizes = currency === null ? counts.sizes : (counts.valueSizes.get(currency) ?? []);
  return rename === null ? sizes : renamedSizes(sizes, rename);
}

function named<Row>(rows: Row[], rename: Rename | null, renamed: (rows: readonly Row[], rename: Rename) => Row[]): Row[] {
  return rename === null ? rows : renamed(rows, rename);
}

function channelsIn({ counts, sets, edges }: WindowCounts): Set<string> {
  const channels = new Set(counts.sizes.map(({ channel }) => channel));
  for (const row of sets?.counts(null) ?? []) for (const channel of row.channels) channels.add(channel);
  for (const row of edges?.counts(null) ?? []) for (const channel of row.to) channels.add(channel);
  return channels;
}

function findingsOf(
  { toldApart }: Definitions,
  { models, layers }: SharedQuestion,
  { sizes, capped }: SetCounts,
  { small, freed }: { readonly small: number; readonly freed: boolean },
  negative: number,
): Pick<PreparedModels, 'holes' | 'notes'> {
  const holes: string[] = [];
  const notes: string[] = [];
  if (freed) notes.push(`a channel is named ${UNATTRIBUTED}, as conversions without a path are: it reads ${OTHER}`);
  if (small > 0)
    notes.push(
      `the ${small} smallest channels are grouped into ${OTHER}: name those to tell apart in definitions.attribution.channels`,
    );
  if (toldApart !== null) {
    const met = sizes.reduce((sum, { channel, amount }) => sum + (channel === OTHER ? amount : 0), 0);
    if (met > 0)
      notes.push(`${met} conversions met channels that definitions.attribution.channels does not list: they read ${OTHER}`);
  } else if (capped > 0 && models.some((model) => model !== 'markov' && model !== 'markovShapley'))
    notes.push(`${capped} conversions met more than 20 channels: their set counts as the channel ${OTHER}`);
  if (negative > 0) {
    const finding = `${negative} counts are below 0 and were left out of the model`;
    if (layers === 'speed')
      notes.push(`${finding}: the deltas correct what the batch counted. Models of layers do not add up, counts do`);
    else holes.push(`${finding}: more was taken back than was counted`);
  }
  return { holes, notes };
}

/**
 * From merged rows to a report. All parts (credit of each model, conversions, touches) come from one snapshot, so they
 * reconcile: law 4 is checked on the very numbers that are sent, and an answer that fails it says so.
 *
 *   views ──▶ rows of each model ─┐
 *   views ──▶ touches and costs ──┼──▶ rows keyed alike ──▶ totals, findings
 *   counts ─▶ shares ─▶ cells ────┘
 */
import type { ChannelInterval } from '@tributary/attribution/data-driven/bootstrap';
import type { Sampling } from '@tributary/attribution/data-driven/shapley';
import { assists } from '@tributary/views/assists/fold';
import { conversions } from '@tributary/views/conversions/fold';
import { credit } from '@tributary/views/credit/fold';
import type { Rows } from '@tributary/views/deltas';
import { positions } from '@tributary/views/positions/fold';
import { touches } from '@tributary/views/touches/fold';
import type { View } from '@tributary/views/view';
import type { Layers, Selection } from './merge.ts';
import type { Findings } from './meta.ts';
import { isRuleBased, isShared, type ModelName, modelInfo, type SharedModel } from './models/catalogue.ts';
import { composed, type Rename, toldApart } from './models/channel-names.ts';
import { countedRows, namedRows } from './models/model-rows.ts';
import { creditOfChannels, type SharedOutcome, sharedRows } from './models/shared-credit.ts';
import { countsOf, type ModelParameters, type RunModel, type SharedOutcomes, sharedOutcomes } from './models/shared-outcomes.ts';
import type { Scope } from './models/window-counts.ts';
import { conservationGap, mixedCurrencies, sumOf } from './report.ts';
import type { Snapshot } from './snapshot.ts';

export interface ReportQuestion {
  readonly models: readonly ModelName[];
  readonly days: Selection['days'];
  readonly by: readonly string[];
  /** channel, campaign, type, currency. */
  readonly equal: Readonly<Record<string, string>>;
  readonly layers: Layers;
  readonly wanted: { readonly conversions: boolean; readonly revenue: boolean };
  readonly parameters: ModelParameters;
}

/** What a model says of a channel beside its credit. */
export interface ChannelFacts {
  readonly effect?: number;
  /** Of the value; where the window has values of one currency. */
  readonly valueEffect?: number;
  readonly interval?: ChannelInterval;
  /** Lost without the channel, in conversions and in minor units. Of removal effects only. */
  readonly lostConversions?: number;
  readonly lostValueMinor?: number;
}

export interface ModelReport {
  /** `[creditMicros, valueMinor]` by the dimensions asked for. */
  readonly rows: Rows;
  readonly totals: readonly number[];
  readonly channels: ReadonlyMap<string, ChannelFacts>;
  /** `[creditMicros, valueMinor]` of whole channels, for what belongs to channels alone. */
  readonly byChannel: Rows;
  /** Whether the model was run for the value of one currency: then there is one effect on value. */
  readonly oneCurrency: boolean;
  /** null: exact. */
  readonly sampling: Sampling | null;
}

export interface Report {
  readonly models: ReadonlyMap<ModelName, ModelReport>;
  /** `[touches, costMinor]`; null: the report is by, or filtered by, what touches do not have. */
  readonly costs: Rows | null;
  readonly keys: ReadonlyMap<string, null>;
  readonly findings: Findings;
}

/** What touches are filed by as well. A conversion's type is not: cost per conversion type would be made up. */
const COST_DIMENSIONS: readonly string[] = ['channel', 'campaign', 'day', 'currency'];

/** The views that the report is computed from: a snapshot of these, no more. */
export function viewsOf({ models, by, equal }: Pick<ReportQuestion, 'models' | 'by' | 'equal'>): View[] {
  const views = new Set<View>([conversions, touches]);
  const cells = [...by, ...Object.keys(equal)].some((dimension) => dimension !== 'channel' && dimension !== 'position');
  for (const model of models) {
    if (isRuleBased(model) || cells) views.add(credit);
    if (isShared(model)) for (const view of countsOf(model)) views.add(view);
    else if (model === 'orderedShapley') views.add(positions);
    else if (!isRuleBased(model)) views.add(assists);
  }
  return [...views];
}

export async function attributionReport(snapshot: Snapshot, question: ReportQuestion, run: RunModel): Promise<Report> {
  const { days, by, equal } = question;
  const shared = await runShared(snapshot, question, run);
  const rename = namesOf(snapshot, question, shared);
  const models = new Map(question.models.map((model) => [model, reportOf(model, snapshot, question, shared, rename)]));
  const costly = [...by, ...Object.keys(equal)].every((dimension) => COST_DIMENSIONS.includes(dimension));
  const costs = costly ? namedRows(snapshot, touches, { days, by, equal }, rename) : null;
  const rows = [...models.values()].map((report) => report.rows);
  return {
    models,
    costs,
    keys: new Map([...rows, costs ?? new Map()].flatMap((each) => [...each.keys()].map((key) => [key, null] as const))),
    findings: findingsOf(snapshot, question, models, costs !== null, shared),
  };
}

async function runShared(snapshot: Snapshot, question: ReportQuestion, run: RunModel): Promise<SharedOutcomes | null> {
  const models = question.models.filter(isShared);
  return models.length === 0 ? null : sharedOutcomes(snapshot, { ...question, models, scope: scopeOf(question) }, run);
}

function scopeOf({ days, equal: { type, currency } }: ReportQuestion): Scope {
  return { days, ...(type === undefined ? {} : { type }), ...(currency === undefined ? {} : { currency }) };
}

/** Where models see channels under other names, all models and costs of the report do: its rows are comparable. */
function namesOf({ definitions }: Snapshot, { models }: ReportQuestion, shared: SharedOutcomes | null): Rename | null {
  const told = models.some((model) => modelInfo(model).family === 'dataDriven') ? toldApart(definitions[0]) : null;
  return composed(told, shared?.grouped ?? null);
}

function reportOf(
  model: ModelName,
  snapshot: Snapshot,
  question: ReportQuestion,
  shared: SharedOutcomes | null,
  rename: Rename | null,
): ModelReport {
  const { days, by, equal } = question;
  if (!isShared(model)) {
    const rows = countedRows(snapshot, model, { days, by, equal }, rename);
    return { rows, totals: sumOf(rows, 2), channels: new Map(), byChannel: new Map(), oneCurrency: false, sampling: null };
  }
  const { counts, outcomes } = shared as SharedOutcomes;
  const outcome = outcomes.get(model) as SharedOutcome;
  const ofChannels = creditOfChannels(outcome, counts);
  const rowsBy = (dimensions: readonly string[], only: Readonly<Record<string, string>>) =>
    sharedRows(snapshot, scopeOf(question), ofChannels, { by: dimensions, only, rename });
  const { type: _, currency: __, ...only } = equal;
  const rows = rowsBy(by, only);
  return {
    rows,
    totals: sumOf(rows, 2),
    channels: factsOf(model, outcome, counts.attributed),
    byChannel: rowsBy(['channel'], {}),
    oneCurrency: outcome.values.size === 1,
    sampling: outcome.conversions?.sampling ?? [...outcome.values.values()][0]?.sampling ?? null,
  };
}

function factsOf(
  model: SharedModel,
  { conversions: ofConversions, values }: SharedOutcome,
  attributed: SharedOutcomes['counts']['attributed'],
): Map<string, ChannelFacts> {
  const facts = new Map<string, ChannelFacts>();
  const add = (channel: string, more: ChannelFacts) => facts.set(channel, { ...facts.get(channel), ...more });
  for (const { channel, effect } of ofConversions?.channels ?? [])
    add(channel, { effect, ...(model === 'markov' ? { lostConversions: effect * attributed.conversions } : {}) });
  for (const [currency, { channels }] of values) {
    for (const { channel, effect } of channels) {
      const lost = (facts.get(channel)?.lostValueMinor ?? 0) + effect * (attributed.values.get(currency) ?? 0);
      add(channel, {
        ...(values.size === 1 ? { valueEffect: effect } : {}),
        ...(model === 'markov' ? { lostValueMinor: lost } : {}),
      });
    }
  }
  const intervals = (ofConversions ?? (values.size === 1 ? [...values.values()][0] : null))?.intervals;
  for (const interval of intervals ?? []) add(interval.channel, { interval });
  return facts;
}

function findingsOf(
  snapshot: Snapshot,
  question: ReportQuestion,
  models: ReadonlyMap<ModelName, ModelReport>,
  withCosts: boolean,
  shared: SharedOutcomes | null,
): Findings {
  const { days, by, equal, wanted } = question;
  const holes = [...(shared?.holes ?? [])];
  const notes = [...(shared?.notes ?? [])];
  const { channel: _, campaign: __, ...scope } = equal;
  // A filter by channel or campaign takes a part of each conversion's credit: nothing to reconcile with.
  if (equal['channel'] === undefined && equal['campaign'] === undefined) {
    const reconciled = ['day', 'type', 'currency'];
    const converted = snapshot.project(conversions, { days, by: reconciled, equal });
    for (const model of models.keys()) {
      const { family } = modelInfo(model);
      if (family === 'counts' || isShared(model)) continue;
      const gap = conservationGap(countedRows(snapshot, model, { days, by: reconciled, equal }, null), converted);
      if (gap !== null) holes.push(`model ${model}: ${gap}`);
    }
  }
  for (const [model, { byChannel }] of models) {
    if (!isShared(model)) continue;
    const converted = new Map([['', sumOf(snapshot.project(conversions, { days, by: [], equal: scope }), 2)]]);
    const [micros = 0, value = 0] = sumOf(byChannel, 2);
    const [count = 0, worth = 0] = converted.get('') ?? [];
    // What was not asked for was not handed out.
    const given = [wanted.conversions ? micros : count * 1_000_000, wanted.revenue ? value : worth];
    const gap = conservationGap(new Map([['the window', given]]), new Map([['the window', [count, worth]]]));
    if (gap !== null) holes.push(`model ${model}: ${gap}`);
  }
  for (const model of models.keys())
    if (modelInfo(model).family === 'counts')
      notes.push(`${model} counts a conversion for every channel that had a part in it: the totals are not the conversions`);
  if (!by.includes('currency') && equal['currency'] === undefined) {
    const values = wanted.revenue
      ? mixedCurrencies(snapshot.project(conversions, { days, by: ['currency'], equal: scope }), 1)
      : null;
    if (values !== null) notes.push(values);
    const { type: ___, ...places } = equal;
    const costs = withCosts ? mixedCurrencies(snapshot.project(touches, { days, by: ['currency'], equal: places }), 1) : null;
    if (costs !== null) notes.push(costs.replace('values', 'costs'));
  }
  return { holes, notes };
}

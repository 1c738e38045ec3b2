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
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
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
import { creditOfChannels, type Ground, groundOf, type SharedOutcome, sharedRows } from './models/shared-credit.ts';
import { countsOf, type ModelParameters, type PreparedModels, prepareShared, type RunModel } from './models/shared-outcomes.ts';
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
  readonly intervals?: Intervals;
  /** Lost without the channel, in conversions and in minor units. Of removal effects only. */
  readonly lostConversions?: number;
  readonly lostValueMinor?: number;
}

/** Of the credit, at the level asked for, and how often the channel kept its rank. */
export interface Intervals {
  readonly conversionsLow?: number;
  readonly conversionsHigh?: number;
  readonly valueMinorLow?: number;
  readonly valueMinorHigh?: number;
  readonly rank: number;
  readonly rankStability: number;
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
  // Everything is taken from the snapshot first: models may take seconds, and what they find is of this moment.
  const shared = preparedModels(snapshot, question);
  const rename = namesOf(snapshot, question, shared);
  const counted = new Map<ModelName, ModelReport>();
  for (const model of question.models)
    if (!isShared(model)) counted.set(model, reportOfRows(countedRows(snapshot, model, { days, by, equal }, rename)));
  const grounds = shared === null ? null : groundsOf(snapshot, question, rename);
  const costly = [...by, ...Object.keys(equal)].every((dimension) => COST_DIMENSIONS.includes(dimension));
  const costs = costly ? namedRows(snapshot, touches, { days, by, equal }, rename) : null;
  const findings = findingsOf(snapshot, question, costs !== null);
  const converted = sumOf(snapshot.project(conversions, { days, by: [], equal: scopeOf(question).equal }), 2);

  const outcomes = await shared?.run(run);
  const models = new Map<ModelName, ModelReport>();
  for (const model of question.models) {
    const outcome = isShared(model) ? outcomes?.get(model) : undefined;
    if (shared === null || grounds === null || outcome === undefined) models.set(model, counted.get(model) as ModelReport);
    else models.set(model, reportOfShares(model as SharedModel, outcome, shared, grounds, question));
  }
  const rows = [...models.values()].map((report) => report.rows);
  return {
    models,
    costs,
    keys: new Map([...rows, costs ?? new Map()].flatMap((each) => [...each.keys()].map((key) => [key, null] as const))),
    findings: {
      holes: [...(shared?.holes ?? []), ...findings.holes, ...gapsOf(models, converted, question)],
      notes: [...(shared?.notes ?? []), ...findings.notes],
    },
  };
}

function preparedModels(snapshot: Snapshot, question: ReportQuestion): PreparedModels | null {
  const models = question.models.filter(isShared);
  return models.length === 0 ? null : prepareShared(snapshot, { ...question, models, scope: scopeOf(question).scope });
}

/** The conversions that are shared out: of a type, in a currency. Channel and campaign choose among the rows instead. */
function scopeOf({ days, equal: { type, currency } }: ReportQuestion): { scope: Scope; equal: Record<string, string> } {
  const equal = { ...(type === undefined ? {} : { type }), ...(currency === undefined ? {} : { currency }) };
  return { scope: { days, ...equal }, equal };
}

/** Where models see channels under other names, all models and costs of the report do: its rows are comparable. */
function namesOf({ definitions }: Snapshot, { models }: ReportQuestion, shared: PreparedModels | null): Rename | null {
  const told = models.some((model) => modelInfo(model).family === 'dataDriven') ? toldApart(definitions[0]) : null;
  return composed(told, shared?.grouped ?? null);
}

interface Grounds {
  readonly rows: Ground;
  readonly channels: Ground;
}

function groundsOf(snapshot: Snapshot, question: ReportQuestion, rename: Rename | null): Grounds {
  const { type: _, currency: __, ...only } = question.equal;
  const { scope } = scopeOf(question);
  return {
    rows: groundOf(snapshot, scope, [...question.by, ...Object.keys(only)], rename),
    channels: groundOf(snapshot, scope, [], rename),
  };
}

function reportOfRows(rows: Rows): ModelReport {
  return { rows, totals: sumOf(rows, 2), channels: new Map(), byChannel: new Map(), oneCurrency: false, sampling: null };
}

function reportOfShares(
  model: SharedModel,
  outcome: SharedOutcome,
  { counts }: PreparedModels,
  grounds: Grounds,
  { by, equal }: ReportQuestion,
): ModelReport {
  const { type: _, currency: __, ...only } = equal;
  const ofChannels = creditOfChannels(outcome, counts);
  const rows = sharedRows(ofChannels, grounds.rows, by, only);
  return {
    rows,
    totals: sumOf(rows, 2),
    channels: factsOf(model, outcome, counts.attributed),
    byChannel: sharedRows(ofChannels, grounds.channels, ['channel'], {}),
    oneCurrency: outcome.values.size === 1,
    sampling: outcome.conversions?.sampling ?? [...outcome.values.values()][0]?.sampling ?? null,
  };
}

function factsOf(
  model: SharedModel,
  { conversions: ofConversions, values }: SharedOutcome,
  attributed: PreparedModels['counts']['attributed'],
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
  const [[currency = '', ofValue] = []] = values.size === 1 ? [...values] : [];
  for (const { channel, rank, rankStability, ...share } of ofValue?.intervals ?? []) {
    const [valueMinorLow, valueMinorHigh] = boundsOf(share, attributed.values.get(currency) ?? 0).map(Math.round);
    add(channel, { intervals: { valueMinorLow, valueMinorHigh, rank, rankStability } as Intervals });
  }
  for (const { channel, rank, rankStability, ...share } of ofConversions?.intervals ?? []) {
    const [conversionsLow, conversionsHigh] = boundsOf(share, attributed.conversions);
    const { intervals } = facts.get(channel) ?? {};
    add(channel, { intervals: { ...intervals, conversionsLow, conversionsHigh, rank, rankStability } as Intervals });
  }
  return facts;
}

function boundsOf({ low, high }: Pick<ChannelInterval, 'low' | 'high'>, total: number): [number, number] {
  return total < 0 ? [high * total, low * total] : [low * total, high * total];
}

/** What can be said before any model has run. */
function findingsOf(snapshot: Snapshot, question: ReportQuestion, withCosts: boolean): Findings {
  const { models, days, by, equal, wanted } = question;
  const holes: string[] = [];
  const notes: string[] = [];
  // A filter by channel or campaign takes a part of each conversion's credit: nothing to reconcile with.
  if (equal['channel'] === undefined && equal['campaign'] === undefined) {
    const reconciled = ['day', 'type', 'currency'];
    const converted = snapshot.project(conversions, { days, by: reconciled, equal });
    for (const model of models) {
      if (modelInfo(model).family === 'counts' || isShared(model)) continue;
      const gap = conservationGap(countedRows(snapshot, model, { days, by: reconciled, equal }, null), converted);
      if (gap !== null) holes.push(`model ${model}: ${gap}`);
    }
  }
  for (const model of models)
    if (modelInfo(model).family === 'counts')
      notes.push(`${model} counts a conversion for every channel that had a part in it: the totals are not the conversions`);
  if (!by.includes('currency') && equal['currency'] === undefined) {
    const inCurrencies = { days, by: ['currency'], equal: scopeOf(question).equal };
    const values = wanted.revenue ? mixedCurrencies(snapshot.project(conversions, inCurrencies), 1) : null;
    if (values !== null) notes.push(values);
    const costs = withCosts ? mixedCurrencies(snapshot.project(touches, { ...inCurrencies, equal }), 1) : null;
    if (costs !== null) notes.push(costs.replace('values', 'costs'));
  }
  return { holes, notes };
}

/** Law 4 for models that share out the whole window: their channels and the unattributed are its conversions. */
function gapsOf(models: ReadonlyMap<ModelName, ModelReport>, converted: readonly number[], { wanted }: ReportQuestion): string[] {
  const [count = 0, worth = 0] = converted;
  return [...models].flatMap(([model, { byChannel }]) => {
    if (!isShared(model)) return [];
    const [micros = 0, value = 0] = sumOf(byChannel, 2);
    // What was not asked for was not handed out.
    const given = [wanted.conversions ? micros : count * CREDIT_UNIT_MICROS, wanted.revenue ? value : worth];
    const gap = conservationGap(new Map([['the window', given]]), new Map([['the window', [count, worth]]]));
    return gap === null ? [] : [`model ${model}: ${gap}`];
  });
}

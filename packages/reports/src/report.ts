/**
 * From merged rows to a report. All parts (credit of each model, conversions, touches) come from one snapshot, so they
 * reconcile: law 4 is checked on the very numbers that are sent, and an answer that fails it says so.
 *
 *   views ──▶ rows of each model ─┐
 *   views ──▶ touches and costs ──┼──▶ rows keyed alike ──▶ totals, findings
 *   counts ─▶ shares ─▶ cells ────┘
 */

import type { Snapshot } from '@tributary/serving/snapshot';
import { assists } from '@tributary/views/assists/fold';
import { conversions } from '@tributary/views/conversions/fold';
import { credit } from '@tributary/views/credit/fold';
import type { Rows } from '@tributary/views/deltas';
import { positions } from '@tributary/views/positions/fold';
import { touches } from '@tributary/views/touches/fold';
import type { View } from '@tributary/views/view';
import { factsOf } from './credit/channel-facts.ts';
import { countedRows, namedRows } from './credit/counted.ts';
import { creditOfChannels, type Ground, groundOf, type SharedOutcome, sharedRows } from './credit/shared.ts';
import { isRuleBased, isShared, type ModelName, modelInfo, type SharedModel } from './models/catalogue.ts';
import { composed, type Rename, toldApart } from './models/channel-names.ts';
import { type AskModels, countsOf, type PreparedModels, prepareShared } from './models/shared-outcomes.ts';
import { type ModelReport, type Report, type ReportQuestion, scopeOf } from './question.ts';
import { currenciesOf, findingsOf, gapsOf, negativeCells } from './rows/findings.ts';
import { sumOf } from './rows/sums.ts';

/** What touches are filed by as well. A conversion's type is not: cost per conversion type would be made up. */
const COST_DIMENSIONS: readonly string[] = ['channel', 'campaign', 'day', 'currency'];

const SHARED_NAMES =
  'all models of this comparison see the channels so grouped: a report of one model may tell more of them apart';

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

/**
 * Takes all that the report needs from the snapshot at once: models may take seconds, and what they find is of this moment. The
 * report is there once they have run.
 */
export function takeReport(snapshot: Snapshot, question: ReportQuestion): (ask: AskModels) => Promise<Report> {
  const { days, by, equal } = question;
  const shared = preparedModels(snapshot, question);
  const rename = namesOf(snapshot, question, shared);
  const counted = new Map<ModelName, ModelReport>();
  for (const model of question.models)
    if (!isShared(model)) counted.set(model, reportOfRows(countedRows(snapshot, model, { days, by, equal }, rename)));
  const grounds = shared === null ? null : groundsOf(snapshot, question, rename);
  const costly = [...by, ...Object.keys(equal)].every((dimension) => COST_DIMENSIONS.includes(dimension));
  const costs = costly ? namedRows(snapshot, touches, { days, by, equal }, composed(shared?.freed ?? null, rename)) : null;
  const findings = findingsOf(snapshot, question);
  const currencies = currenciesOf(snapshot, question, costs !== null);
  const converted = sumOf(snapshot.project(conversions, { days, by: [], equal: scopeOf(question).equal }), 2);

  return async (ask) => {
    const outcomes = await shared?.run(ask);
    const models = new Map<ModelName, ModelReport>();
    for (const model of question.models) {
      const outcome = isShared(model) ? outcomes?.get(model) : undefined;
      if (shared === null || grounds === null || outcome === undefined) models.set(model, counted.get(model) as ModelReport);
      else models.set(model, reportOfShares(model as SharedModel, outcome, shared, grounds, question));
    }
    const rows = [...models.values()].map((report) => report.rows);
    const shares = shared !== null && shared.grouped !== null && models.size > 1 ? [SHARED_NAMES] : [];
    return {
      models,
      costs,
      keys: new Map([...rows, costs ?? new Map()].flatMap((each) => [...each.keys()].map((key) => [key, null] as const))),
      currencies,
      findings: {
        holes: [...(shared?.holes ?? []), ...findings.holes, ...gapsOf(models, converted, question)],
        notes: [...(shared?.notes ?? []), ...shares, ...negativeCells(models, question), ...findings.notes],
      },
    };
  };
}

function preparedModels(snapshot: Snapshot, question: ReportQuestion): PreparedModels | null {
  const models = question.models.filter(isShared);
  if (models.length === 0) return null;
  const { beside } = question;
  const other = beside === null ? null : scopeOf({ ...question, days: beside }).scope;
  return prepareShared(snapshot, { ...question, models, scope: scopeOf(question).scope, beside: other });
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
  const none = { channels: new Map(), byChannel: new Map(), oneCurrency: false, hasNegativeShares: false, sampling: null };
  return { rows, totals: sumOf(rows, 2), ...none };
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
  const outcomes = [...(outcome.conversions === null ? [] : [outcome.conversions]), ...outcome.values.values()];
  return {
    rows,
    totals: sumOf(rows, 2),
    channels: factsOf(model, outcome, counts.attributed),
    byChannel: sharedRows(ofChannels, grounds.channels, ['channel'], {}),
    oneCurrency: outcome.values.size === 1,
    hasNegativeShares: outcomes.some(({ channels }) => channels.some(({ share }) => share < 0)),
    sampling: outcomes[0]?.sampling ?? null,
  };
}

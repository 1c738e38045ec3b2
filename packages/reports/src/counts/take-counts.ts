/** All that a report takes from the snapshot, of one window: nothing is read later, so everything is of one moment. */
import { isRule, isShared, type ModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import type { CautionCode } from '@tributary/attribution/uncertainty/caution-codes';
import type { Integer } from '@tributary/model/integer';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import type { Findings } from '@tributary/serving/meta';
import type { Snapshot } from '@tributary/serving/snapshot';
import { GROUPED_VIEWS } from '@tributary/views/by-partition';
import { coalitions } from '@tributary/views/coalitions/fold';
import { conversions } from '@tributary/views/conversions/fold';
import { credit } from '@tributary/views/credit/fold';
import type { Rows } from '@tributary/views/deltas';
import { orderNumbers } from '@tributary/views/order-numbers/fold';
import { touches } from '@tributary/views/touches/fold';
import type { View } from '@tributary/views/view';
import { rowFiltersOf, type Scope, scopeOf } from '../journeys/scope.ts';
import { currenciesOfSizes, type SizeCounts } from '../journeys/sizes.ts';
import { countedModel, viewsOfModel } from '../models/live-models.ts';
import { noteOfLongPaths } from '../models/path-credit.ts';
import { weighsPaths } from '../models/rules.ts';
import { type ReportQuestion, windowsOf } from '../question.ts';
import { namedRows, rekeyed } from '../row-keys.ts';
import { conservationGap, currenciesIn, sumOf } from '../sums.ts';
import { type Cells, cellsOf } from './cells.ts';
import { type ChannelNames, channelNames } from './channel-names.ts';
import { askCreditOfGroup, type CreditGroups, creditOfGroups } from './credit-groups.ts';
import { askCountsOfGroup, countGroups, type GroupCounts } from './group-counts.ts';
import { countJourneys, type JourneyCounts } from './journey-counts.ts';
import { findingsOfJourneys } from './journey-findings.ts';

export interface Counts {
  /** What is asked of this window. */
  readonly question: ReportQuestion;
  readonly names: ChannelNames;
  /** What shared models are run on, and where their credit goes; null: none was asked for. */
  readonly shared: {
    readonly journeys: JourneyCounts;
    /** null: no intervals are asked for. A code: why there are none. */
    readonly groups: GroupCounts | CautionCode | null;
    /** The cells of the report's rows, and those of whole channels. */
    readonly cells: Cells;
    readonly wholes: Cells;
  } | null;
  /** `[creditMicros, valueMinor]` by the dimensions asked for, of the models that views count already. */
  readonly credit: ReadonlyMap<ModelName, Rows>;
  /** The same models by groups of users. Empty: no intervals are asked for. A code: why there are none. */
  readonly creditGroups: ReadonlyMap<ModelName, CreditGroups | CautionCode>;
  /** `[touches, costMinor]`; null: the report is by, or filtered by, what touches do not have. */
  readonly costs: Rows | null;
  /** `[conversions, valueMinor]` of all that is shared out. */
  readonly converted: readonly Integer[];
  readonly currencies: Currencies;
  /** What can be said before any model has run. */
  readonly findings: Findings;
}

/** Those of the amounts, sorted; of values also where conversions alone are asked for: what one cost is of the currency that it was paid in. */
export interface Currencies {
  readonly values: readonly string[];
  readonly costs: readonly string[];
}

/** What touches are filed by as well. A conversion's type is not: cost per conversion type would be made up. */
const COST_DIMENSIONS: readonly string[] = ['channel', 'campaign', 'day', 'currency'];

/** The views that the report is computed from: a snapshot of these, no more. */
export function viewsOf({
  models,
  by,
  equal,
  parameters,
}: Pick<ReportQuestion, 'models' | 'by' | 'equal' | 'parameters'>): View[] {
  const views = new Set<View>([conversions, touches]);
  const isFiltered = equal['channel'] !== undefined;
  const hasCells =
    isFiltered || [...by, ...Object.keys(equal)].some((dimension) => dimension !== 'channel' && dimension !== 'position');
  for (const model of models) {
    if (hasCells) views.add(credit);
    for (const view of viewsOfModel(model, parameters)) views.add(view);
  }
  if (parameters.intervals !== null) for (const view of [coalitions, orderNumbers]) views.add(view);
  return [...views];
}

/** Those of them that are asked for by groups of users as well: what the models look at, single orders, and later ones, without which there are no intervals. */
export function groupedViewsOf({ models, parameters }: Pick<ReportQuestion, 'models' | 'parameters'>): View[] {
  if (parameters.intervals === null) return [];
  const views = new Set<View>([coalitions, orderNumbers, ...models.flatMap((model) => viewsOfModel(model, parameters))]);
  return [...views].filter((view) => GROUPED_VIEWS.includes(view));
}

/** The counts of each window. Rejects with `invalid_query` as the counts of journeys do, and as what is asked of groups does. */
export async function takeCounts(snapshot: Snapshot, question: ReportQuestion, asker: Asker): Promise<Counts[]> {
  const windows = await snapshot.ready(asker, (ready) =>
    windowsOf(question).map((asked) => ({ asked, journeys: countJourneys(ready, asked) })),
  );
  const known = windows.flatMap(({ journeys }) => journeys ?? []);
  const names = channelNames(snapshot.definitions[0], question, known);
  for (const { asked } of windows) await prepareGroups(snapshot, asked, names, asker);
  return snapshot.ready(asker, (ready) => windows.map(({ asked, journeys }) => countsOf(ready, asked, names, journeys)));
}

/** What groups of users are asked takes long for many rows: it is answered in turns, before all else is taken in one. */
async function prepareGroups(
  { groups, definitions, newer }: Snapshot,
  question: ReportQuestion,
  { inCredit }: ChannelNames,
  asker: Asker,
): Promise<void> {
  if (groups === null || typeof groups === 'string') return;
  await groups.prepare((group) => {
    const counting = { ...group, definitions, newer };
    askCountsOfGroup(counting, question);
    for (const model of question.models) if (!isShared(model)) askCreditOfGroup(model, counting, question, inCredit);
  }, asker);
}

function countsOf(snapshot: Snapshot, question: ReportQuestion, names: ChannelNames, journeys: JourneyCounts | null): Counts {
  const { models, days, by, equal, parameters } = question;
  const { inCredit, inCosts } = names;
  const scope = scopeOf(question);
  const asked = [...by, ...Object.keys(rowFiltersOf(question))];
  const hasCosts = [...by, ...Object.keys(equal)].every((dimension) => COST_DIMENSIONS.includes(dimension));
  const inCurrencies = { days, by: ['currency', ...by.filter((dimension) => dimension !== 'currency')], equal };
  const credited = models.flatMap((model) =>
    isShared(model) ? [] : [[model, countedModel(model).rows(snapshot, inCurrencies, inCredit, parameters)] as const],
  );
  const costs = hasCosts ? namedRows(snapshot, touches, inCurrencies, inCosts) : null;
  const ofJourneys = journeys === null ? NOTHING : findingsOfJourneys(journeys, question, snapshot, names);
  return {
    question,
    names,
    shared:
      journeys === null
        ? null
        : {
            journeys,
            groups: parameters.intervals === null ? null : countGroups(snapshot, question, names.inModels),
            cells: cellsOf(snapshot, scope, asked, inCredit),
            wholes: cellsOf(snapshot, scope, [], inCredit),
          },
    credit: new Map(credited.map(([model, rows]) => [model, rekeyed(rows, inCurrencies.by, by, {})])),
    creditGroups: new Map(
      parameters.intervals === null
        ? []
        : credited.map(([model]) => [model, creditOfGroups(model, snapshot, question, inCredit)]),
    ),
    costs: costs === null ? null : rekeyed(costs, inCurrencies.by, by, {}),
    converted: sumOf(snapshot.project(conversions, { ...scope, by: [] }), 2),
    currencies: {
      values: currenciesOfValues(
        snapshot,
        scope,
        credited.map(([, rows]) => rows),
        journeys?.sizes ?? null,
      ),
      costs: costs === null ? [] : currenciesIn(costs, 1),
    },
    findings: {
      holes: [...ofJourneys.holes, ...creditGaps(snapshot, question)],
      notes: [...ofJourneys.notes, ...pathNotes(snapshot, question)],
    },
  };
}

const NOTHING: Findings = { holes: [], notes: [] };

/** Law 4 on the rows of the views. */
function creditGaps(snapshot: Snapshot, { models, days, equal, parameters }: ReportQuestion): string[] {
  // A filter by channel or campaign takes a part of each conversion's credit: nothing to reconcile with.
  if (equal['channel'] !== undefined || equal['campaign'] !== undefined) return [];
  const selection = { days, by: ['day', 'type', 'currency'], equal };
  const converted = snapshot.project(conversions, selection);
  return models.flatMap((model) => {
    if (isShared(model) || modelInfo(model).family === 'counts') return [];
    const gap = conservationGap(countedModel(model).rows(snapshot, selection, null, parameters), converted);
    return gap === null ? [] : [`model ${model}: ${gap}`];
  });
}

function pathNotes(snapshot: Snapshot, question: ReportQuestion): string[] {
  if (!question.models.some((model) => isRule(model) && weighsPaths(model, question.parameters))) return [];
  const note = noteOfLongPaths(snapshot, question);
  return note === null ? [] : [note];
}

/** Those that any row or total adds. `credited`: keyed by the currency, then as the rows are. */
function currenciesOfValues(snapshot: Snapshot, scope: Scope, credited: readonly Rows[], sizes: SizeCounts | null): string[] {
  // By day and type as well: sales and their refunds may sum to nothing.
  const converted = snapshot.project(conversions, { ...scope, by: ['currency', 'day', 'type'] });
  const counted = [converted, ...credited].flatMap((rows) => currenciesIn(rows, 1));
  return [...new Set([...counted, ...(sizes === null ? [] : currenciesOfSizes(sizes))])].sort();
}

/** The journeys of one window, counted as shared models look at them. */
import { isShared } from '@tributary/attribution/models/catalogue';
import { looksAt, SHARED_MODELS, type SharedName } from '@tributary/attribution/models/shared-models';
import { TributaryError } from '@tributary/model/errors';
import type { Snapshot } from '@tributary/serving/snapshot';
import { scopeOf } from '../journeys/scope.ts';
import { type CountsByCurrency, type EdgeName, edgesOf, type SetName, setsOf } from '../journeys/sets-and-edges.ts';
import { type SizeCounts, sizesOf } from '../journeys/sizes.ts';
import type { ReportQuestion } from '../question.ts';

export interface JourneyCounts {
  readonly sizes: SizeCounts;
  /** null: no model looks at them. */
  readonly sets: CountsByCurrency<SetName> | null;
  readonly edges: CountsByCurrency<EdgeName> | null;
  /** That models are run for, each alone; none where no value was asked for. */
  readonly currencies: readonly string[];
}

type Counting = Pick<Snapshot, 'collect' | 'definitions' | 'newer'>;

/** null: no shared model was asked for. Throws `invalid_query` for an order that is not kept, or more currencies than a model is run for. */
export function countJourneys(snapshot: Counting, question: ReportQuestion): JourneyCounts | null {
  const models = question.models.filter(isShared);
  if (models.length === 0) return null;
  const { parameters, wanted } = question;
  const scope = scopeOf(question);
  const looks = models.map(looksAt);
  const hasEdges = looks.some(({ edges }) => edges);
  if (hasEdges) demandOrder(snapshot, parameters.order);
  const sizes = sizesOf(snapshot, scope);
  return {
    sizes,
    sets: looks.some(({ sets }) => sets) ? setsOf(snapshot, scope) : null,
    edges: hasEdges ? edgesOf(snapshot, scope, parameters.order) : null,
    currencies: wanted.revenue ? currenciesOf(sizes, models) : [],
  };
}

/** Counts of a lower order follow from those that are kept, counts of a higher one do not. Throws `invalid_query`. */
export function demandOrder({ definitions, newer }: Pick<Snapshot, 'definitions' | 'newer'>, order: number): void {
  const kept = Math.min(...definitions.map(({ attribution }) => attribution.transitionOrder));
  if (order <= kept) return;
  const soon =
    newer === null ? '' : `; generation ${newer} is published and still loading: if it keeps more, ask again in a moment`;
  throw new TributaryError(
    'invalid_query',
    `order must be at most ${kept}, at which transitions are kept (got ${order}): ask for less, or set definitions.attribution.transitionOrder to ${order} and run a generation${soon}`,
  );
}

function currenciesOf({ attributed }: SizeCounts, models: readonly SharedName[]): string[] {
  const currencies = [...attributed.values].flatMap(([currency, value]) => (value === 0 ? [] : [currency])).sort();
  const crowded = models.find((model) => currencies.length > SHARED_MODELS[model].mostCurrencies);
  if (crowded === undefined) return currencies;
  throw new TributaryError(
    'invalid_query',
    `currency must be given where ${crowded} would be run for more than ${SHARED_MODELS[crowded].mostCurrencies} currencies (got values of ${currencies.length}): ask for one currency, or value=conversions`,
  );
}

/**
 * From a question to its answer, one way:
 *
 *   question  what is asked: models, windows, dimensions, filters
 *     ↓       one snapshot of the views that it needs
 *   counts    all that is taken from the snapshot, of each window, channels under the names of the answer
 *     ↓       models that share out the window run over them; the others were counted conversion by conversion
 *   outcomes  effects and shares of channels
 *     ↓       shares of whole channels go to their cells by linear credit, as integers
 *   credit    rows of each model, all keyed alike, that sum to the conversions (law 4)
 *     ↓       where it is asked for, amounts of all currencies in one, by the rates of the definitions
 *     ↓       costs beside credit, and what must be known of them
 *   report    of each window; `rows.ts` and `compared.ts` give its rows to readers
 *
 * Models may take seconds. All parts come from one snapshot that was taken before, so they reconcile: law 4 is checked on the very
 * numbers that are sent, and an answer that fails it says so.
 */
import type { ExchangeRates } from '@tributary/model/amounts/exchange-rates';
import type { Definitions } from '@tributary/model/definitions';
import type { Meta } from '@tributary/serving/meta';
import { type ServingContext, takeSnapshot } from '@tributary/serving/snapshot';
import { withTouchesOfNoCurrency } from './counts/costs.ts';
import { groupedViewsOf, takeCounts, viewsOf } from './counts/take-counts.ts';
import { creditOf } from './credit/model-credit.ts';
import { countedBy, periodNotes } from './periods.ts';
import { demandFit, type ReportQuestion } from './question.ts';
import { convertedTo, demandRates, notesOfRates } from './rows/converted.ts';
import { currencyNotes, findingsOfBoth, handedToCurrencies } from './rows/findings.ts';
import { currenciesOfAll } from './rows/money.ts';
import { creditedBy, type Report, type ReportOfBoth, reportOf } from './rows/report.ts';
import { type ModelRuns, runModels } from './runner/run-models.ts';
import { unknownInReport } from './unknown-values.ts';
import { windowNotes } from './window.ts';

export interface Answer extends ReportOfBoth {
  /** That the batch side of the rows follows. */
  readonly definitions: Definitions;
  /** What amounts are converted by; null: they are not. */
  readonly rates: ExchangeRates | null;
  readonly meta: Meta;
}

const OF_CONVERSIONS = 'intervals are of conversions: amounts that are converted have none';

/** Throws `invalid_query`; rejects as the snapshot and the models do. */
export async function answerOf(context: ServingContext, question: ReportQuestion, runs: ModelRuns): Promise<Answer> {
  demandFit(question);
  // Amounts that are converted are counted by their currency.
  const by = question.convertTo === null ? question.by : [...question.by, 'currency'];
  const views = viewsOf({ ...question, by });
  const snapshot = await takeSnapshot(context, views, question.layers, groupedViewsOf(question));
  const [definitions] = snapshot.definitions;
  const rates = question.convertTo === null ? null : demandRates(definitions, question.convertTo);
  const taken = await takeCounts(snapshot, { ...question, by: countedBy(by) }, runs.asker);
  const counted = await snapshot.ready(runs.asker, (ready) => taken.map((counts) => withTouchesOfNoCurrency(ready, counts)));
  const reports: Report[] = [];
  const unknown = await snapshot.ready(runs.asker, (ready) => unknownInReport(ready, question, counted));
  for (const own of counted) {
    const outcomes = await runModels(own, runs);
    const credited = creditedBy({ counts: own, credit: creditOf(own, outcomes) }, by);
    reports.push(reportOf(rates === null ? credited : await convertedTo(rates, credited, question.by, runs.turn)));
  }
  const currencies = currenciesOfAll(reports.map((each) => each.currencies));
  const [report, before = null] = reports.map((each) => ({ ...each, currencies })) as [Report, Report?];
  const notes = [
    ...(question.by.includes('currency')
      ? handedToCurrencies(question.models, currencies)
      : currencyNotes(currencies, question.wanted)),
    ...(rates === null ? [] : notesOfRates(rates)),
    ...(rates !== null && question.parameters.intervals !== null ? [OF_CONVERSIONS] : []),
    ...question.notes,
    ...periodNotes(question.by, question.days),
    ...unknown,
    ...(question.before === null ? [] : windowNotes(question.days, question.before, snapshot.meta())),
  ];
  const findings = findingsOfBoth(report.findings, before?.findings, notes);
  return {
    report,
    before,
    definitions,
    rates,
    meta: { ...snapshot.meta(findings), ...(rates !== null && { exchangeRates: rates }) },
  };
}

/** Rows of a report under several models: the figures of each, its rank, and how it differs from a baseline. */
import type { ModelName } from '@tributary/attribution/models/catalogue';
import { type Integer, subtract } from '@tributary/model/integer';
import { UNATTRIBUTED } from '@tributary/views/credit/fold';
import type { ModelCredit } from '../credit/model-credit.ts';
import type { ReportQuestion } from '../question.ts';
import { intervalsOf } from './channel-figures.ts';
import { creditFigures, dimensionsOf, type Figures, moneyFigures, type Row, ratioFigures, withheldCautions } from './figures.ts';
import { ratioIntervals } from './interval-figures.ts';
import { apartOf, keptApart } from './money.ts';
import type { Report } from './report.ts';
import { restOf } from './sorted.ts';

/** The row of a key. */
export function comparedRows(report: Report, baseline: ModelName) {
  const { question, credit, costs } = report;
  const apart = apartOf(report.currencies, question, 'rows');
  const ranks = new Map(apart.hasShares ? [...credit].map(([model, ofModel]) => [model, ranksOf(report, ofModel)]) : []);
  const figuresAt = (key: string, ofModel: ModelCredit) => creditFigures(ofModel, ofModel.rows.get(key), question);
  return (key: string) => {
    const base = figuresAt(key, credit.get(baseline) as ModelCredit);
    const cost = costs?.get(key);
    const ofModels = [...credit].map(([model, ofModel]) => {
      const figures = figuresAt(key, ofModel);
      const ratios = costs === null ? {} : ratioFigures(cost?.[1] ?? 0, figures);
      const rank = ranks.get(model)?.get(key) ?? null;
      const difference = keptApart(differenceOf(figures, base), apart);
      const shown = { ...figures, ...ratios };
      const intervals = intervalsAt(ofModel, key, question, costs === null ? null : Number(cost?.[1] ?? 0));
      const sure = { rank, ...intervals, ...withheldCautions(ofModel, intervals) };
      return [model, { ...keptApart({ ...shown, ...sure }, apart), difference }] as const;
    });
    return {
      ...dimensionsOf(key, question.by),
      ...(costs === null ? {} : keptApart(moneyFigures(cost, {}), apart)),
      models: Object.fromEntries(ofModels),
    };
  };
}

/** As a report of that model has them, but those of effects, which rows of several models do not have. `cost`: null: there is none. */
function intervalsAt({ uncertainty }: ModelCredit, key: string, question: ReportQuestion, cost: number | null): Row {
  if (uncertainty === null) return {};
  const intervals = intervalsOf({ ...uncertainty, hasEffects: false }, key, question);
  return 'shareLow' in intervals && cost !== null ? { ...intervals, ...ratioIntervals(uncertainty, key, cost) } : intervals;
}

/** The totals over all rows. */
export function comparedTotals({ question, credit, costTotals, currencies }: Report) {
  const apart = apartOf(currencies, question, 'totals');
  const ofModels = [...credit].map(([model, ofModel]) => {
    const { share: _, ...figures } = creditFigures(ofModel, ofModel.totals, question);
    const ratios = costTotals === null ? {} : ratioFigures(costTotals[1] ?? 0, figures);
    return [model, keptApart({ ...figures, ...ratios }, apart)] as const;
  });
  return { ...(costTotals === null ? {} : keptApart(moneyFigures(costTotals, {}), apart)), models: Object.fromEntries(ofModels) };
}

/** What all rows but those `shown` come to, under each model. */
export function comparedRest(
  { models, ...costs }: ReturnType<typeof comparedTotals>,
  shown: readonly ReturnType<ReturnType<typeof comparedRows>>[],
  rows: number,
) {
  const ofModels = Object.entries(models).map(([model, totals]) => {
    const own = shown.map((row) => row.models[model] ?? {});
    const { rows: _, ...left } = restOf(totals, own, own.length);
    return [model, left] as const;
  });
  const costsOf = shown.map(({ models: _, ...row }): Row => row);
  return { ...restOf(costs, costsOf, rows), models: Object.fromEntries(ofModels) };
}

/** `conversions` is for reading only: its difference is that of the micro-credits. */
function differenceOf({ conversions: _, ...figures }: Figures, base: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, figure]) => {
      const { [name]: ofBase = 0 } = base;
      return [name, figure === null || ofBase === null ? null : less(figure, ofBase)];
    }),
  );
}

/** A share is not an integer. */
function less(figure: Integer, base: Integer): Integer {
  return typeof figure === 'number' && typeof base === 'number' ? figure - base : subtract(figure, base);
}

/** 1: the most credit of all rows; rows of equal credit share a rank. Unattributed rows have none, and no row where no credit is handed out. */
function ranksOf({ keys, question: { by, wanted } }: Report, { rows, withheld }: ModelCredit): Map<string, number> {
  const measure = wanted.conversions ? 0 : 1;
  if (withheld.has(wanted.conversions ? 'conversions' : 'value')) return new Map();
  const credit = (key: string) => rows.get(key)?.[measure] ?? 0;
  const channel = by.indexOf('channel');
  const ranked = [...keys].filter((key) => channel < 0 || key.split('\t')[channel] !== UNATTRIBUTED);
  const sorted = ranked.sort((a, b) => Number(credit(b) > credit(a)) - Number(credit(b) < credit(a)));
  const ranks = new Map<string, number>();
  sorted.forEach((key, i) => {
    const above = sorted[i - 1];
    ranks.set(key, above !== undefined && credit(above) === credit(key) ? (ranks.get(above) as number) : i + 1);
  });
  return ranks;
}

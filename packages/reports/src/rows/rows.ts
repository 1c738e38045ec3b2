/** Rows of a report as clients read them: credit, money, what the model says of the channel, places among the others. */

import { type Integer, subtract } from '@tributary/model/integer';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import { UNATTRIBUTED } from '@tributary/views/credit/fold';
import type { ChannelFacts, Intervals } from '../credit/channel-facts.ts';
import type { ModelName } from '../models/catalogue.ts';
import { modelInfo } from '../models/catalogue.ts';
import type { ModelReport, Report, ReportQuestion } from '../question.ts';
import { creditOf, dimensionsOf } from './sums.ts';

export type Figures = Record<string, Integer | null>;
export type Row = Record<string, string | Integer | null>;

/** Credit of one model under one key: only what was asked for. */
function creditFigures(
  { totals }: ModelReport,
  measures: readonly Integer[] | undefined,
  { wanted }: Pick<ReportQuestion, 'wanted'>,
): Figures {
  const { creditMicros, conversions, valueMinor } = creditOf(measures);
  const [part, whole] = wanted.conversions ? [creditMicros, totals[0] ?? 0] : [valueMinor, totals[1] ?? 0];
  return {
    ...(wanted.conversions ? { creditMicros, conversions } : {}),
    ...(wanted.revenue ? { valueMinor } : {}),
    share: whole === 0 ? 0 : Number(part) / Number(whole),
  };
}

/** Of the same days; null where it cost nothing: there is nothing to return. */
export function moneyFigures(costs: readonly Integer[] | undefined, figures: Figures): Figures {
  const [touches = 0, costMinor = 0] = costs ?? [];
  return { touches, costMinor, ...ratioFigures(costMinor, figures) };
}

export function ratioFigures(costMinor: Integer, { conversions = null, valueMinor = null }: Figures): Figures {
  const cost = Number(costMinor);
  return {
    ...(valueMinor === null ? {} : { roas: cost === 0 ? null : Number(valueMinor) / cost }),
    ...(conversions === null ? {} : { cpaMinor: cost === 0 || conversions <= 0 ? null : cost / Number(conversions) }),
  };
}

/**
 * What belongs to a channel: its effect and its intervals, where the rows are whole channels; and what would be lost without it,
 * of which a cell (a campaign, a day) has the part that it has of the channel's credit.
 */
function channelFigures(
  report: ModelReport,
  key: string,
  measures: readonly Integer[] | undefined,
  { by, equal, wanted }: ReportQuestion,
): Figures {
  const at = by.indexOf('channel');
  if (at < 0 || report.channels.size === 0) return {};
  const channel = key.split('\t')[at] ?? '';
  const facts = report.channels.get(channel) ?? {};
  const isWhole = rowsAreChannels(by, equal);
  const part = (measure: 0 | 1) => {
    const whole = report.byChannel.get(channel)?.[measure] ?? 0;
    return isWhole ? 1 : whole === 0 ? 0 : Number(measures?.[measure] ?? 0) / Number(whole);
  };
  const { lostConversions, lostValueMinor } = facts;
  return {
    ...(isWhole ? effectsOf(channel, facts, wanted, report.oneCurrency) : {}),
    ...(lostConversions === undefined ? {} : { lostConversions: lostConversions * part(0) }),
    ...(lostValueMinor === undefined ? {} : { lostValueMinor: Math.round(lostValueMinor * part(1)) }),
    ...(isWhole && facts.intervals !== undefined ? intervalFigures(facts.intervals, report.totals, wanted.conversions) : {}),
  };
}

function rowsAreChannels(by: readonly string[], equal: ReportQuestion['equal']): boolean {
  return by.length === 1 && by[0] === 'channel' && equal['campaign'] === undefined;
}

/** The interval of `share` too, in its scale: what of the totals the bounds are. */
function intervalFigures(intervals: Intervals, totals: readonly Integer[], ofConversions: boolean): Figures {
  const { conversionsLow = 0, conversionsHigh = 0, valueMinorLow = 0, valueMinorHigh = 0 } = intervals;
  const [low, high] = ofConversions ? [conversionsLow, conversionsHigh] : [valueMinorLow, valueMinorHigh];
  const whole = ofConversions ? Number(totals[0] ?? 0) / CREDIT_UNIT_MICROS : Number(totals[1] ?? 0);
  return { ...intervals, ...(whole > 0 ? { shareLow: low / whole, shareHigh: high / whole } : {}) };
}

/**
 * Unattributed conversions have no channel, so no effect; a channel that the model did not meet has none on anything. The model is
 * run for the value of each currency: of several, no one effect is that on value.
 */
function effectsOf(channel: string, facts: ChannelFacts, wanted: ReportQuestion['wanted'], oneCurrency: boolean): Figures {
  const effect = (computed: number | undefined) => (channel === UNATTRIBUTED ? null : (computed ?? 0));
  return {
    ...(wanted.conversions ? { effect: effect(facts.effect) } : {}),
    ...(wanted.revenue ? { valueEffect: oneCurrency ? effect(facts.valueEffect) : null } : {}),
  };
}

export function reportRow(report: Report, model: ModelName, key: string, question: ReportQuestion): Row {
  const ofModel = report.models.get(model) as ModelReport;
  const measures = ofModel.rows.get(key);
  const figures = creditFigures(ofModel, measures, question);
  const channel = channelFigures(ofModel, key, measures, question);
  const money = report.costs === null ? {} : moneyFigures(report.costs.get(key), figures);
  const { lostValueMinor } = channel;
  const cost = report.costs?.get(key)?.[1] ?? 0;
  const lost =
    report.costs === null || typeof lostValueMinor !== 'number'
      ? {}
      : { lostRoas: cost === 0 ? null : lostValueMinor / Number(cost) };
  return { ...dimensionsOf(key, question.by), ...figures, ...channel, ...money, ...lost };
}

export function reportTotals(
  report: Report,
  model: ModelName,
  costs: readonly Integer[] | undefined,
  question: ReportQuestion,
): Figures {
  const ofModel = report.models.get(model) as ModelReport;
  const { share: _, ...figures } = creditFigures(ofModel, ofModel.totals, question);
  return { ...figures, ...(costs === undefined ? {} : moneyFigures(costs, figures)) };
}

/** Credit of a model in a comparison, and how it differs from the baseline's. */
export interface ComparedFigures {
  readonly figures: Figures;
  /** 1: the most credit of all rows; rows of equal credit share a rank. null: unattributed. */
  readonly rank: number | null;
  readonly difference: Figures;
}

export function comparison(report: Report, baseline: ModelName, question: ReportQuestion) {
  const ranks = new Map([...report.models].map(([model, { rows }]) => [model, ranksOf(report.keys, rows, question)]));
  const figuresAt = (model: ModelName, key: string) => {
    const ofModel = report.models.get(model) as ModelReport;
    return creditFigures(ofModel, ofModel.rows.get(key), question);
  };
  return (key: string): Map<ModelName, ComparedFigures> => {
    const base = figuresAt(baseline, key);
    return new Map(
      [...report.models.keys()].map((model) => {
        const figures = figuresAt(model, key);
        const difference = Object.fromEntries(
          Object.entries(figures).flatMap(([name, figure]) =>
            name === 'conversions' ? [] : [[name, less(figure ?? 0, base[name] ?? 0)]],
          ),
        );
        return [model, { figures, rank: ranks.get(model)?.get(key) ?? null, difference }];
      }),
    );
  };
}

/** A share is no integer. */
function less(figure: Integer, base: Integer): Integer {
  return typeof figure === 'number' && typeof base === 'number' ? figure - base : subtract(figure, base);
}

function ranksOf(
  keys: ReadonlyMap<string, null>,
  rows: ModelReport['rows'],
  { by, wanted }: ReportQuestion,
): Map<string, number> {
  const measure = wanted.conversions ? 0 : 1;
  const credit = (key: string) => rows.get(key)?.[measure] ?? 0;
  const channel = by.indexOf('channel');
  const ranked = [...keys.keys()].filter((key) => channel < 0 || key.split('\t')[channel] !== UNATTRIBUTED);
  const sorted = ranked.sort((a, b) => Number(credit(b) > credit(a)) - Number(credit(b) < credit(a)));
  const ranks = new Map<string, number>();
  sorted.forEach((key, i) => {
    const above = sorted[i - 1];
    ranks.set(key, above !== undefined && credit(above) === credit(key) ? (ranks.get(above) as number) : i + 1);
  });
  return ranks;
}

/** The columns of CSV: those of the rows, and of an answer without rows those that are always there. */
export function columnsOf(rows: readonly Row[], { by, wanted }: Pick<ReportQuestion, 'by' | 'wanted'>): string[] {
  const always = [
    ...by,
    ...(wanted.conversions ? ['creditMicros', 'conversions'] : []),
    ...(wanted.revenue ? ['valueMinor'] : []),
    'share',
  ];
  return [...new Set([...always, ...rows.flatMap((row) => Object.keys(row))])];
}

/** Whether the question asks a model for what it does not have; in words, with the fix. */
export function misfit({ models, beside, by, equal, parameters }: ReportQuestion): string | null {
  if (beside !== null && by.includes('day'))
    return 'against: a day lies in one window only: leave "day" out of "by", or ask for the days of each window in a report of its own';
  if (beside !== null && by.includes('position'))
    return 'against: positions in a path have no cost that a change could be held against: leave "position" out of "by"';
  if (by.includes('position')) {
    const other = models.find((model) => !modelInfo(model).parameters.includes('position'));
    if (other !== undefined)
      return `by: ${other} does not tell positions apart: leave "position" out, or ask for model=orderedShapley`;
  }
  if (parameters.intervals !== null && !rowsAreChannels(by, equal))
    return 'intervals: there are intervals of whole channels only: ask with by=channel and without campaign, or leave intervals out';
  return null;
}

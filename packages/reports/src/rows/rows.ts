/** Rows of a report as clients read them: credit, money, what the model says of the channel, what changed since the window before. */

import type { Reward } from '@tributary/attribution/data-driven/counts';
import { isRule, type ModelName } from '@tributary/attribution/models/catalogue';
import type { Integer } from '@tributary/model/integer';
import type { ModelCredit } from '../credit/model-credit.ts';
import { createStoodStill, withChange } from './change.ts';
import { channelFigures } from './channel-figures.ts';
import { creditFigures, dimensionsOf, type Figures, moneyFigures, type Row, withheldCautions } from './figures.ts';
import { changeIntervals, ratioIntervals } from './interval-figures.ts';
import { apartOf, keptApart } from './money.ts';
import type { Report, ReportOfBoth } from './report.ts';

/** The keys of both windows. */
export function keysOf({ report, before }: ReportOfBoth): ReadonlySet<string> {
  return before === null ? report.keys : new Set([...report.keys, ...before.keys]);
}

export function rowOf({ report, before }: ReportOfBoth, model: ModelName, key: string): Row {
  const row = rowOfWindow(report, model, key);
  const changed =
    before === null ? row : withChange(row, rowOfWindow(before, model, key), microsOf([report, before], model, key));
  const [own, earlier] = [report, before].map((of) => of?.credit.get(model)?.uncertainty ?? null);
  const hasIntervals = 'shareLow' in row && own !== null && earlier !== null && own !== undefined && earlier !== undefined;
  const intervals = hasIntervals ? changeIntervals(own, earlier, key, changed) : {};
  const all = { ...changed, ...intervals };
  const ofBefore = before === null ? {} : withheldCautions(before.credit.get(model) as ModelCredit, all, 'before');
  return keptApart({ ...all, ...ofBefore }, apartOf(report.currencies, report.question, 'rows'));
}

/** Rows that are summed before other requests have their turn: about a ms. */
const ROWS_PER_TURN = 4_096;

/** What changed over all rows whose cost stood still. null: there is no earlier window, or no cost. `turn` lets other requests go on. */
export async function stoodStillOf(both: ReportOfBoth, model: ModelName, turn: () => Promise<unknown>): Promise<Row | null> {
  const { report, before } = both;
  const { names } = apartOf(report.currencies, report.question, 'rows');
  const [costs, earlierCosts] = [report.costs, before?.costs ?? null];
  if (costs === null || earlierCosts === null || names.has('costMinorChange')) return null;
  const [credit, earlier] = [report, before].map((of) => of?.credit.get(model)?.rows);
  const still = createStoodStill();
  let passed = 0;
  for (const key of keysOf(both)) {
    if (passed++ % ROWS_PER_TURN === ROWS_PER_TURN - 1) await turn();
    still.add([costs.get(key)?.[1] ?? 0, earlierCosts.get(key)?.[1] ?? 0], credit?.get(key) ?? [], earlier?.get(key) ?? []);
  }
  const { wanted } = report.question;
  const isGiven = (reward: Reward) => ![report, before].some((of) => of?.credit.get(model)?.withheld.has(reward));
  const sums = {
    conversions: wanted.conversions && isGiven('conversions'),
    revenue: wanted.revenue && !names.has('valueMinorChange') && isGiven('value'),
  };
  return passed === 0 ? null : still.sums(sums);
}

/** The totals over all rows. */
export function totalsOf({ report, before }: ReportOfBoth, model: ModelName): Row {
  const totals = totalsOfWindow(report, model);
  const changed =
    before === null ? totals : withChange(totals, totalsOfWindow(before, model), microsOf([report, before], model, null));
  return keptApart(changed, apartOf(report.currencies, report.question, 'totals'));
}

/** The credit in conversions of both windows, of a key or in all; null where a model hands out none, or was run for value alone: a rule counts both. */
function microsOf(windows: readonly [Report, Report], model: ModelName, key: string | null): [Integer, Integer] | null {
  if (!windows[0].question.wanted.conversions && !isRule(model)) return null;
  if (windows.some(({ credit }) => credit.get(model)?.withheld.has('conversions'))) return null;
  return windows.map(({ credit }) => {
    const { rows, totals } = credit.get(model) as ModelCredit;
    return (key === null ? totals : rows.get(key))?.[0] ?? 0;
  }) as [Integer, Integer];
}

function rowOfWindow({ question, credit, costs }: Report, model: ModelName, key: string): Row {
  const ofModel = credit.get(model) as ModelCredit;
  const measures = ofModel.rows.get(key);
  const figures = creditFigures(ofModel, measures, question);
  const channel = channelFigures(ofModel, measures, key, question);
  const money = costs === null ? {} : moneyFigures(costs.get(key), figures);
  const { valueMinorOnPaths } = channel;
  const cost = costs?.get(key)?.[1] ?? 0;
  const lost =
    costs === null || typeof valueMinorOnPaths !== 'number'
      ? {}
      : { roasOnPaths: cost === 0 ? null : valueMinorOnPaths / Number(cost) };
  const { uncertainty } = ofModel;
  const isChannel = 'shareLow' in channel && costs !== null && uncertainty !== null;
  const ratios = isChannel ? ratioIntervals(uncertainty, key, Number(cost)) : {};
  const row = { ...dimensionsOf(key, question.by), ...figures, ...channel, ...money, ...lost, ...ratios };
  return { ...row, ...withheldCautions(ofModel, row) };
}

function totalsOfWindow({ question, credit, costTotals }: Report, model: ModelName): Figures {
  const ofModel = credit.get(model) as ModelCredit;
  const { share: _, ...figures } = creditFigures(ofModel, ofModel.totals, question);
  return { ...figures, ...(costTotals === null ? {} : moneyFigures(costTotals, figures)) };
}

/** The answer of `attribution run` as rows, one a model and channel, and as one JSON document. */
import type { Reward } from '@tributary/attribution/data-driven/counts';
import { modelInfo } from '@tributary/attribution/models/catalogue';
import { CAUTIONS, type CautionCode } from '@tributary/attribution/uncertainty/caution-codes';
import { UNKNOWN_IN_GROUPS, withCodesOfAll, withRatios } from '@tributary/attribution/uncertainty/cautions';
import type { Interval } from '@tributary/attribution/uncertainty/scales';
import { type ChannelUncertainty, COVERS } from '@tributary/attribution/uncertainty/uncertainty';
import {
  type ChannelLine,
  cpa,
  cpaInterval,
  creditOf,
  effectOf,
  type RunAnswer,
  roas,
  roasInterval,
  samplingOf,
  uncertaintyAt,
} from '@tributary/attribution-files/models/answer';
import { handsOut, type ModelAnswer } from '@tributary/attribution-files/models/models';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { objectOf } from './record-output.ts';
import type { Cell, Field, Records } from './records.ts';

const CREDIT_DECIMALS = 6;
const REWARDS: readonly Reward[] = ['conversions', 'value'];

/** Channels of every model, then `(unattributed)`: the rows of a model that hands out credit sum to the totals, exactly. */
export function runRecords(answer: RunAnswer): Records {
  return recordsOf(answer, (model, reward) => codesOfAll(answer, model, reward));
}

type CodesOfAll = (model: string, reward: Reward) => readonly CautionCode[];

/** Rows that come alone have no other place for what concerns all of them. */
function codesOfAll({ uncertainty }: RunAnswer, model: string, reward: Reward): readonly CautionCode[] {
  const of = uncertainty?.models.find((one) => one.model === model && one.reward === reward);
  return of === undefined ? [] : [...(uncertainty?.cautions ?? []), ...of.cautions];
}

function recordsOf(answer: RunAnswer, ofAll: CodesOfAll): Records {
  const money = { decimals: answer.decimals } as const;
  const fields: readonly Field[] = [
    { name: 'model', type: 'text' },
    { name: 'channel', type: 'text' },
    { name: 'conversions', type: { decimals: CREDIT_DECIMALS } },
    { name: 'conversionsShare', type: 'double' },
    { name: 'conversionsEffect', type: 'double' },
    { name: 'value', type: money },
    { name: 'valueShare', type: 'double' },
    { name: 'valueEffect', type: 'double' },
    { name: 'touches', type: 'integer' },
    { name: 'journeys', type: 'integer' },
    { name: 'participated', type: 'integer' },
    { name: 'cost', type: money },
    { name: 'roas', type: 'double' },
    { name: 'cpa', type: 'double' },
    { name: 'conversionsOnPaths', type: 'double' },
    { name: 'valueOnPaths', type: 'double' },
    { name: 'roasOnPaths', type: 'double' },
    ...REWARDS.flatMap((reward): Field[] => [
      ...bounds(`${reward}Share`),
      ...bounds(reward),
      ...bounds(`${reward}Effect`),
      { name: `${reward}RankFrom`, type: 'integer' },
      { name: `${reward}RankTo`, type: 'integer' },
      { name: `${reward}AboveNext`, type: 'double' },
      { name: `${reward}Cautions`, type: 'text' },
    ]),
    ...bounds('roas'),
    ...bounds('cpa'),
  ];
  const { facts } = answer;
  const { conversions, valueMinor } = facts.unattributed;
  const has = (reward: Reward) => answer.rewards.includes(reward);
  const rows = answer.models.flatMap((model) => [
    ...answer.channels.map((line) => rowOf(answer, model, line, ofAll)),
    [
      model.model,
      '(unattributed)',
      has('conversions') ? conversions * CREDIT_UNIT_MICROS : null,
      ...[null, null, has('value') ? valueMinor : null],
      ...new Array<Cell>(fields.length - 6).fill(null),
    ],
  ]);
  return { fields, rows };
}

function bounds(figure: string): Field[] {
  return [
    { name: `${figure}Low`, type: 'double' },
    { name: `${figure}High`, type: 'double' },
  ];
}

function cellsOf(interval: Interval | null | undefined, unit = 1): Cell[] {
  return interval === null || interval === undefined ? [null, null] : [interval.low / unit, interval.high / unit];
}

function rowOf(answer: RunAnswer, model: ModelAnswer, line: ChannelLine, ofAllRows: CodesOfAll): Cell[] {
  const { facts, decimals, rewards } = answer;
  const { channel, costMinor, touches, journeys, participated } = line;
  const [ofConversions, ofValue] = REWARDS.map((reward) => uncertaintyAt(answer, model.model, reward, channel));
  const { creditMicros, valueMinor } = creditOf(model, channel);
  const conversions = effectOf(model, 'conversions', channel);
  const value = effectOf(model, 'value', channel);
  const only = <T>(reward: Reward, cell: T) => (rewards.includes(reward) ? cell : null);
  const credit = <T>(reward: Reward, cell: T) => (handsOut(model, reward) ? only(reward, cell) : null);
  const { estimates, isRemovalEffect } = modelInfo(model.model);
  const isPart = estimates === 'part';
  const codes = (reward: Reward, of: ChannelUncertainty | undefined) => {
    const own = codesOf(answer, [model.model, reward], of, costMinor);
    return own === null ? null : withCodesOfAll(ofAllRows(model.model, reward), own);
  };
  // In groups as on the platform: also of what has no touch.
  const ofAll = (of: ChannelUncertainty | undefined) => (answer.uncertainty?.groups == null ? undefined : of?.shareIs);
  const onPathsMinor = isRemovalEffect && value !== undefined ? value.effect * facts.valueMinor : null;
  return [
    model.model,
    channel,
    credit('conversions', creditMicros),
    only('conversions', ofAll(ofConversions) ?? conversions?.share ?? part(creditMicros, facts.conversions * CREDIT_UNIT_MICROS)),
    only('conversions', conversions?.effect ?? null),
    credit('value', valueMinor),
    only('value', ofAll(ofValue) ?? value?.share ?? part(valueMinor, facts.valueMinor)),
    only('value', value === undefined ? null : isPart ? value.effect : value.effect / 10 ** decimals),
    touches,
    journeys,
    participated,
    costMinor,
    credit('value', roas(valueMinor, costMinor)),
    credit('conversions', cpa(costMinor, creditMicros / CREDIT_UNIT_MICROS, decimals)),
    isRemovalEffect && conversions !== undefined ? conversions.effect * facts.conversions : null,
    onPathsMinor === null ? null : onPathsMinor / 10 ** decimals,
    onPathsMinor === null ? null : roas(onPathsMinor, costMinor),
    ...uncertainCells(ofConversions, codes('conversions', ofConversions), 1, 1),
    ...uncertainCells(ofValue, codes('value', ofValue), 10 ** decimals, isPart ? 1 : 10 ** decimals),
    ...cellsOf(roasInterval(ofValue, costMinor)),
    ...cellsOf(cpaInterval(ofConversions, costMinor, decimals)),
  ];
}

/** null: no intervals were asked for, or not of this reward. */
function codesOf(
  { uncertainty }: RunAnswer,
  [model, reward]: readonly [string, Reward],
  of: ChannelUncertainty | undefined,
  costMinor: number | null,
): string | null {
  const ofModel = uncertainty?.models.find((one) => one.model === model && one.reward === reward);
  if (of !== undefined) return withRatios(of, costMinor ?? 0).join(' ');
  if (ofModel === undefined) return null;
  return (uncertainty?.groups == null || ofModel.channels.length === 0 ? [] : UNKNOWN_IN_GROUPS).join(' ');
}

function uncertainCells(of: ChannelUncertainty | undefined, codes: string | null, unit: number, unitOfEffect: number): Cell[] {
  return [
    ...cellsOf(of?.share),
    ...cellsOf(of?.credit, unit),
    ...cellsOf(of?.effect, unitOfEffect),
    of?.rank?.from ?? null,
    of?.rank?.to ?? null,
    of?.rank?.aboveNext ?? null,
    codes,
  ];
}

function part(amount: number, whole: number): number {
  return whole === 0 ? 0 : amount / whole;
}

export function runJson(answer: RunAnswer): unknown {
  const { facts, decimals } = answer;
  const { fields, rows } = recordsOf(answer, () => []);
  const amount = (minor: number) => Number((minor / 10 ** decimals).toFixed(decimals));
  const { valueMinor, unattributed, ...counts } = facts;
  return {
    file: answer.file,
    currency: answer.currency ?? null,
    order: answer.order,
    orderChoice: answer.choice,
    totals: {
      ...counts,
      value: amount(valueMinor),
      unattributed: { conversions: unattributed.conversions, value: amount(unattributed.valueMinor) },
    },
    models: answer.models.map((model) => ({
      model: model.model,
      sampling: samplingOf(model, 'conversions', decimals),
      valueSampling: samplingOf(model, 'value', decimals),
      cautions: answer.rewards
        .filter((reward) => !handsOut(model, reward))
        .map((reward) => ({ code: 'outside_of_whole', reward, message: CAUTIONS.outside_of_whole })),
    })),
    leftOut: answer.leftOut,
    ...(answer.positions === null ? {} : { positions: Object.fromEntries(answer.positions) }),
    uncertainty: uncertaintyJson(answer),
    rows: rows.map((row) => objectOf(fields, row)),
  };
}

/** What the bounds in `rows` mean; null: there are none. */
function uncertaintyJson({ uncertainty, decimals }: RunAnswer): unknown {
  if (uncertainty === null) return null;
  const named = (codes: readonly CautionCode[]) => codes.map((code) => ({ code, message: CAUTIONS[code] }));
  const { unit, groups, level, replicates, seed, cautions, models } = uncertainty;
  return {
    ...(groups === null ? { unit, level, replicates, seed } : { unit: 'partition', groups, level }),
    covers: COVERS,
    cautions: named(cautions),
    models: models.map(({ model, reward, cautions: own, seen }) => ({
      ...{ model, reward, cautions: named(own) },
      ...(seen === null ? {} : { largestOrder: seen.largest / 10 ** decimals, missesOrdersBelowOneIn: seen.missesBelowOneIn }),
    })),
  };
}

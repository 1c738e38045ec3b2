/**
 * What stands below a report with intervals: what they cover, and why some figures have none. The table has intervals of one share, so it has the
 * cautions of that reward alone.
 */

import { CAUTIONS, type CautionCode } from '@tributary/attribution/uncertainty/caution-codes';
import { withCodesOfAll } from '@tributary/attribution/uncertainty/cautions';
import type { Report, ReportRow } from '../api-types.ts';

export function uncertaintyNotes(answer: Pick<Report, 'rows' | 'uncertainty'> | undefined): string[] {
  const uncertainty = answer?.uncertainty ?? null;
  if (answer === undefined || uncertainty === null) return [];
  const { groups, level, covers, cautions } = uncertainty;
  // The share is that of value where conversions were not asked for.
  const hasConversions = answer.rows.some(({ conversionsCautions }) => conversionsCautions !== undefined);
  const reward = hasConversions || cautions.some((one) => one.reward === 'conversions') ? 'conversions' : 'value';
  const percent = Number((level * 100).toFixed(6));
  return [
    ...(groups === null
      ? []
      : [`intervals of ${percent} % from the differences between ${groups} groups of users (partitions): ${covers}`]),
    ...cautions.filter((one) => one.reward === reward).map(({ message }) => `caution, ${reward}: ${message}`),
    ...ofChannels(answer.rows, `${reward}Cautions`),
    ...(groups === null
      ? []
      : ['intervals of credit, value, effects, ROAS and CPA, with their cautions: --format json, csv or ndjson']),
  ];
}

/** Rows that come alone: what concerns all of them stands in each. */
export function withCodesOfAnswer<R extends object>(rows: readonly R[], uncertainty: Report['uncertainty']): R[] {
  const ofAll = (reward: string) =>
    (uncertainty?.cautions ?? []).flatMap((one) => (one.reward === reward ? [one.code as CautionCode] : []));
  return rows.map((row) => {
    const { conversionsCautions: conversions, valueCautions: value } = row as Partial<ReportRow>;
    return {
      ...row,
      ...(conversions === undefined ? {} : { conversionsCautions: withCodesOfAll(ofAll('conversions'), conversions) }),
      ...(value === undefined ? {} : { valueCautions: withCodesOfAll(ofAll('value'), value) }),
    };
  });
}

function ofChannels(rows: readonly ReportRow[], of: 'conversionsCautions' | 'valueCautions'): string[] {
  const byCode = new Map<string, string[]>();
  for (const { channel = '', [of]: codes = '' } of rows)
    for (const code of codes.split(' ').filter((one) => one !== '')) byCode.set(code, [...(byCode.get(code) ?? []), channel]);
  const reward = of === 'valueCautions' ? 'value of ' : '';
  return [...byCode].map(
    ([code, channels]) => `caution, ${reward}${channels.join(', ')}: ${CAUTIONS[code as keyof typeof CAUTIONS] ?? code}`,
  );
}

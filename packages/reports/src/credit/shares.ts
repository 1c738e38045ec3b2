/**
 * The credit of models that share out the whole window: shares of the channels, whole numbers by `distribute`, cells by
 * linear credit. What a channel earns does not depend on how the report is broken down, so every breakdown adds up to it.
 */
import { distribute } from '@tributary/attribution/distribute';
import type { ModelOutcome } from '@tributary/attribution/models/shared-models';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { type Integer, multiply } from '@tributary/model/integer';
import type { Selection } from '@tributary/serving/merge';
import { addRow, addRows, type Rows } from '@tributary/views/deltas';
import type { Cells } from '../counts/cells.ts';
import type { SizeCounts } from '../journeys/sizes.ts';
import { rekeyed } from '../row-keys.ts';
import type { ModelOutcomes } from '../runner/run-models.ts';
import { type ChannelCredit, spread } from './spread.ts';

/** Integers that sum to the attributed conversions and their value. */
export function creditOfChannels({ conversions, values }: ModelOutcomes, { attributed }: SizeCounts): ChannelCredit {
  const handedOut = (total: Integer, { channels }: ModelOutcome) => {
    const parts = distribute(
      total,
      channels.map(({ share }) => share),
    );
    return new Map(channels.map(({ channel }, i) => [channel, parts[i] as Integer]));
  };
  return {
    creditMicros: conversions === null ? new Map() : handedOut(multiply(attributed.conversions, CREDIT_UNIT_MICROS), conversions),
    valueMinor: new Map(
      [...values].map(([currency, outcome]) => [currency, handedOut(attributed.values.get(currency) ?? 0, outcome)]),
    ),
  };
}

/**
 * Rows keyed by `by`, `[creditMicros, valueMinor]`, the unattributed conversions included, of the cells that `only` names
 * (channel, campaign).
 */
export function rowsOfShares(
  given: ChannelCredit,
  { dimensions, basis, unattributed }: Cells,
  by: readonly string[],
  only: Selection['equal'],
): Rows {
  const rows = basis === null ? channelRows(given) : spread(given, basis);
  addRows(rows, unattributed);
  return rekeyed(rows, ['channel', ...dimensions], by, only);
}

function channelRows({ creditMicros, valueMinor }: ChannelCredit): Rows {
  const rows: Rows = new Map();
  for (const [channel, micros] of creditMicros) addRow(rows, channel, [micros, 0]);
  for (const channels of valueMinor.values()) for (const [channel, minor] of channels) addRow(rows, channel, [0, minor]);
  return rows;
}

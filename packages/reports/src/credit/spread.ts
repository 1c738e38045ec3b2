/**
 * From the credit of channels to the credit of their cells (campaign, day, type, currency): a model of the whole window says
 * what a channel earned, and its linear credit says where. Integers that sum to the channel's to the unit (law 4).
 */
import { distribute, weightsOfValue } from '@tributary/attribution/distribute';
import type { Integer } from '@tributary/model/integer';
import { addRow, type Rows } from '@tributary/views/deltas';
import { NONE } from '@tributary/views/timeline';
import type { Basis } from '../counts/cells.ts';

/** What a model gives to channels: credit, and value by currency. */
export interface ChannelCredit {
  readonly creditMicros: ReadonlyMap<string, Integer>;
  readonly valueMinor: ReadonlyMap<string, ReadonlyMap<string, Integer>>;
}

/** Amounts are weights: doubles will do. */
interface Cell {
  /** Of the cell but its channel and currency. */
  readonly place: string;
  readonly currency: string;
  readonly creditMicros: number;
  readonly valueMinor: number;
}

/** Rows keyed as those of the basis, `[creditMicros, valueMinor]`. */
export function spread({ creditMicros, valueMinor }: ChannelCredit, basis: Basis): Rows {
  const rows: Rows = new Map();
  const cells = cellsByChannel(basis.linear);
  let touched: Map<string, Cell[]> | undefined;
  const cellsOf = (channel: string): readonly Cell[] => {
    const own = cells.get(channel);
    if (own !== undefined) return own;
    touched ??= cellsByChannel(basis.touches);
    return touched.get(channel) ?? [nowhere(basis)];
  };
  for (const [channel, micros] of creditMicros) {
    const places = cellsOf(channel);
    const parts = distribute(
      micros,
      places.map((cell) => cell.creditMicros),
    );
    places.forEach(({ place, currency }, i) => {
      addRow(rows, `${channel}\t${place}${currency}`, [parts[i] as Integer, 0]);
    });
  }
  for (const [currency, channels] of valueMinor) {
    for (const [channel, minor] of channels) {
      const places = cellsOf(channel);
      const inCurrency = places.filter((cell) => cell.currency === currency);
      const cellsOfValue = inCurrency.length > 0 ? inCurrency : places;
      const parts = distribute(minor, weightsOfValue(cellsOfValue));
      cellsOfValue.forEach(({ place }, i) => {
        addRow(rows, `${channel}\t${place}${currency}`, [0, parts[i] as Integer]);
      });
    }
  }
  return rows;
}

/** Cells sorted, so that equal counts are split into equal parts. */
function cellsByChannel(rows: Rows): Map<string, Cell[]> {
  const channels = new Map<string, Cell[]>();
  for (const key of [...rows.keys()].sort()) {
    const [creditMicros = 0, valueMinor = 0] = rows.get(key) ?? [];
    if (creditMicros <= 0) continue;
    const channelEnd = key.indexOf('\t');
    const placeEnd = key.lastIndexOf('\t') + 1;
    const cell = {
      place: key.slice(channelEnd + 1, placeEnd),
      currency: key.slice(placeEnd),
      creditMicros: Number(creditMicros),
      valueMinor: Number(valueMinor),
    };
    const channel = key.slice(0, channelEnd);
    const cells = channels.get(channel);
    if (cells === undefined) channels.set(channel, [cell]);
    else cells.push(cell);
  }
  return channels;
}

function nowhere({ dimensions, nowhere: reads }: Basis): Cell {
  const [currency, ...place] = dimensions.map((dimension) => reads[dimension] ?? NONE).reverse();
  return {
    place: place
      .reverse()
      .map((part) => `${part}\t`)
      .join(''),
    currency: currency ?? NONE,
    creditMicros: 1,
    valueMinor: 0,
  };
}

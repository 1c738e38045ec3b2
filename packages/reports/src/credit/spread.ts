/**
 * From the credit of channels to the credit of their cells: a model of the whole window says what a channel earned, and its linear
 * credit says where. It is handed down one dimension at a time, always in the same order, so a breakdown by fewer dimensions is
 * the sum of one by more (law 4).
 */
import { add, type Integer } from '@tributary/model/integer';
import { addRow, type Rows } from '@tributary/views/deltas';
import { NONE } from '@tributary/views/timeline';
import type { Basis } from '../counts/cells.ts';
import { handDownCredit, handDownValue, type Place } from '../hand-down.ts';

/** What a model gives to channels: credit, and value by currency. */
export interface ChannelCredit {
  readonly creditMicros: ReadonlyMap<string, Integer>;
  readonly valueMinor: ReadonlyMap<string, ReadonlyMap<string, Integer>>;
}

/** A channel, a currency of it, a campaign in that, and so on. */
interface Node extends Place {
  creditMicros: Integer;
  valueMinor: Integer;
  readonly within: Map<string, Node>;
}

type HandDown = (total: Integer, places: readonly Place[]) => Integer[];

/** Rows keyed as those of the basis, `[creditMicros, valueMinor]`. */
export function spread({ creditMicros, valueMinor }: ChannelCredit, basis: Basis): Rows {
  const rows: Rows = new Map();
  const linear = treeOf(basis.linear);
  let touched: Node | undefined;
  const nodeOf = (channel: string): Node => {
    const own = linear.within.get(channel);
    if (own !== undefined && own.creditMicros > 0) return own;
    touched ??= treeOf(basis.touches);
    const met = touched.within.get(channel);
    return met !== undefined && met.creditMicros > 0 ? met : nowhere(basis);
  };
  const addTo = (key: string, node: Node, total: Integer, by: HandDown, measures: (part: Integer) => Integer[]): void => {
    if (total === 0 && by === handDownCredit) return;
    if (node.within.size === 0) addRow(rows, key, measures(total));
    // Sorted, so that equal places have equal parts in every answer.
    const children = [...node.within].sort(([a], [b]) => (a < b ? -1 : 1));
    const places = children.map(([, child]) => child);
    const parts = by(total, places);
    for (const [i, [name, child]] of children.entries()) addTo(`${key}\t${name}`, child, parts[i] as Integer, by, measures);
  };
  for (const [channel, micros] of creditMicros) addTo(channel, nodeOf(channel), micros, handDownCredit, (part) => [part, 0]);
  for (const [currency, channels] of valueMinor) {
    for (const [channel, minor] of channels) {
      const { within } = nodeOf(channel);
      const key = `${channel}\t${currency}`;
      const ofValue = (part: Integer) => [0, part];
      const own = within.get(currency);
      if (own !== undefined && own.creditMicros > 0) {
        addTo(key, own, minor, handDownValue, ofValue);
        continue;
      }
      // Amounts of other currencies say nothing of this one.
      const others = [...within.values()];
      const parts = handDownCredit(minor, others);
      for (const [i, other] of others.entries()) addTo(key, other, parts[i] as Integer, handDownCredit, ofValue);
    }
  }
  return rows;
}

function treeOf(rows: Rows): Node {
  const root = emptyNode();
  for (const [key, [creditMicros = 0, valueMinor = 0]] of rows) {
    let node = root;
    for (const name of key.split('\t')) {
      let child = node.within.get(name);
      if (child === undefined) node.within.set(name, (child = emptyNode()));
      child.creditMicros = add(child.creditMicros, creditMicros);
      child.valueMinor = add(child.valueMinor, valueMinor);
      node = child;
    }
  }
  return root;
}

function emptyNode(): Node {
  return { creditMicros: 0, valueMinor: 0, within: new Map() };
}

function nowhere({ dimensions, nowhere: reads }: Basis): Node {
  const place = dimensions.map((dimension) => reads[dimension] ?? NONE).join('\t');
  return treeOf(new Map([[place, [1, 0]]]));
}

/**
 * From the credit of channels to the credit of their cells: a model of the whole window says what a channel is credited with, and its linear
 * credit says where. It is handed down one dimension at a time, always in the same order, so a breakdown by fewer dimensions is
 * the sum of one by more (law 4).
 */

import { NONE } from '@tributary/model/channels/channel';
import { add, type Integer } from '@tributary/model/integer';
import { addRow, type Rows } from '@tributary/views/deltas';
import type { Basis } from '../counts/cells.ts';
import { handDownCredit, handDownValue, type LinearPart } from '../hand-down.ts';

/** What a model gives to channels: credit, and value by currency. */
export interface ChannelCredit {
  readonly creditMicros: ReadonlyMap<string, Integer>;
  readonly valueMinor: ReadonlyMap<string, ReadonlyMap<string, Integer>>;
}

/** A channel, a currency of it, a campaign in that, and so on. */
interface Node extends LinearPart {
  readonly name: string;
  /** The row's key, where nothing is within; else that of any row within. */
  readonly key: string;
  creditMicros: Integer;
  valueMinor: Integer;
  readonly within: Map<string, Node>;
  /** Those within, sorted, so that equal places have equal parts in every answer. */
  places?: readonly Node[];
}

type HandDown = (total: Integer, places: readonly LinearPart[]) => Integer[];

/** Rows keyed as those of the basis, `[creditMicros, valueMinor]`. */
export function spread({ creditMicros, valueMinor }: ChannelCredit, basis: Basis): Rows {
  const rows: Rows = new Map();
  const placesOf = (channel: string): Node => {
    const own = treeOf(basis, 'linear').within.get(channel);
    if (own !== undefined && own.creditMicros > 0) return own;
    const met = treeOf(basis, 'touches').within.get(channel);
    return met !== undefined && met.creditMicros > 0 ? met : nowhere(channel, basis);
  };
  for (const [channel, micros] of creditMicros)
    handDown(placesOf(channel), micros, handDownCredit, (key, part) => addRow(rows, key, [part, 0]));
  for (const [currency, channels] of valueMinor) {
    for (const [channel, minor] of channels) {
      const node = placesOf(channel);
      const own = node.within.get(currency);
      if (own !== undefined && own.creditMicros > 0)
        handDown(own, minor, handDownValue, (key, part) => addRow(rows, key, [0, part]));
      // Amounts of other currencies say nothing of this one.
      else
        handDown(node, minor, handDownCredit, (key, part) => {
          const [, , ...place] = key.split('\t');
          addRow(rows, [channel, currency, ...place].join('\t'), [0, part]);
        });
    }
  }
  return rows;
}

function handDown(node: Node, total: Integer, by: HandDown, give: (key: string, part: Integer) => void): void {
  if (node.within.size === 0) {
    give(node.key, total);
    return;
  }
  node.places ??= [...node.within.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const { places } = node;
  const parts = places.length === 1 ? [total] : by(total, places);
  for (let i = 0; i < places.length; i++) handDown(places[i] as Node, parts[i] as Integer, by, give);
}

/** Those of one answer: all its models share them, and they go with it. */
const trees = new WeakMap<Basis, { linear?: Node; touches?: Node }>();

function treeOf(basis: Basis, of: 'linear' | 'touches'): Node {
  let grownOf = trees.get(basis);
  if (grownOf === undefined) trees.set(basis, (grownOf = {}));
  return (grownOf[of] ??= grown(basis[of]));
}

function grown(rows: Rows): Node {
  const root = nodeOf('', '');
  for (const [key, [creditMicros = 0, valueMinor = 0]] of rows) {
    let node = root;
    for (const name of key.split('\t')) {
      let child = node.within.get(name);
      if (child === undefined) node.within.set(name, (child = nodeOf(name, key)));
      child.creditMicros = add(child.creditMicros, creditMicros);
      child.valueMinor = add(child.valueMinor, valueMinor);
      node = child;
    }
  }
  return root;
}

function nodeOf(name: string, key: string): Node {
  return { name, key, creditMicros: 0, valueMinor: 0, within: new Map() };
}

function nowhere(channel: string, { dimensions, nowhere: reads }: Basis): Node {
  const key = [channel, ...dimensions.map((dimension) => reads[dimension] ?? NONE)].join('\t');
  return grown(new Map([[key, [1, 0]]])).within.get(channel) as Node;
}

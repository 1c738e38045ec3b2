/**
 * Values of single orders, as far as counts show them: rows that hold one conversion, in a group of users. Their values show whether orders
 * are so far apart that no interval of their sum holds.
 */
import { SEPARATOR } from '@tributary/attribution/data-driven/counts';
import type { SingleOrder } from '@tributary/attribution/uncertainty/grouped';
import type { Snapshot } from '@tributary/serving/snapshot';
import { coalitions } from '@tributary/views/coalitions/fold';
import type { Rename } from '../row-keys.ts';
import { collectionOf, type Scope, within } from './scope.ts';

/** Orders of all groups by currency, in no order. Each is taken once, however many groups there are. `rename`: null: as views name channels. */
export function singleOrdersOf(
  groups: readonly Pick<Snapshot, 'collect'>[],
  scope: Scope,
  rename: Rename | null,
): Map<string, SingleOrder[]> {
  const orders = new Map<string, SingleOrder[]>();
  for (const group of groups) addSingleOrders(orders, group, scope, rename ?? ((channel) => channel));
  return orders;
}

function addSingleOrders(
  orders: Map<string, SingleOrder[]>,
  group: Pick<Snapshot, 'collect'>,
  scope: Scope,
  rename: Rename,
): void {
  const rows = group.collect(coalitions, {
    ...collectionOf('single orders', scope),
    map([day, type, channels = '', currency = ''], measures, emit) {
      if (within(scope, type, currency)) emit(`${day}\t${type}\t${channels}\t${currency}`, measures);
    },
  });
  for (const [key, [conversions, value = 0]] of rows) {
    if (conversions !== 1) continue;
    const [, , channels = '', currency = ''] = key.split('\t');
    const order = { value: Number(value), channels: channels.split(SEPARATOR).map(rename) };
    const known = orders.get(currency);
    if (known === undefined) orders.set(currency, [order]);
    else known.push(order);
  }
}

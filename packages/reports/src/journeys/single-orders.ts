/**
 * Values of single orders, as far as counts show them: rows that hold one conversion, in a group of users. Their values show whether orders
 * are so far apart that no interval of their sum holds.
 */
import type { Snapshot } from '@tributary/serving/snapshot';
import { coalitions } from '@tributary/views/coalitions/fold';
import { collectionOf, type Scope, within } from './scope.ts';

/** Orders of all groups: minor units, by currency, in no order. Each is taken once, however many groups there are. */
export function singleOrdersOf(groups: readonly Pick<Snapshot, 'collect'>[], scope: Scope): Map<string, number[]> {
  const orders = new Map<string, number[]>();
  for (const group of groups) addSingleOrders(orders, group, scope);
  return orders;
}

function addSingleOrders(orders: Map<string, number[]>, group: Pick<Snapshot, 'collect'>, scope: Scope): void {
  const rows = group.collect(coalitions, {
    ...collectionOf('single orders', scope),
    map([day, type, channels = '', currency = ''], measures, emit) {
      if (within(scope, type, currency)) emit(`${day}\t${type}\t${channels}\t${currency}`, measures);
    },
  });
  for (const [key, [conversions, value = 0]] of rows) {
    if (conversions !== 1) continue;
    const currency = key.slice(key.lastIndexOf('\t') + 1);
    const known = orders.get(currency);
    if (known === undefined) orders.set(currency, [Number(value)]);
    else known.push(Number(value));
  }
}

/** Random definitions of signals, and random events that they may or may not be about. */
import type { Event } from '@tributary/model/event';
import type { NaiveFields } from '../oracle/naive-fields.ts';
import type { Random } from './random.ts';

export const RANDOM_FIELDS: NaiveFields = {
  price: { from: 'properties.price', type: 'number' },
  item: { from: 'properties.item', type: 'text' },
  quantity: { from: 'properties.cart.quantity', type: 'integer' },
  gift: { from: 'properties.gift', type: 'boolean' },
};

const TYPES = ['view', 'search', 'purchase', 'Order Completed', 'booking.made'];
/** In the order of CEL, of JavaScript and of bytes alike. */
const WORDS = ['', 'a', 'ab', 'b', 'email', 'é', '日本'];
const NUMBERS = [0, 1, -1, 0.1, 19.99, -0.5, 2.5e-7, 1e9, 1e9 + 1, 123_456.789_012_5];

/** `instants`: how many different ones, each `stepMs` after the other. */
export function randomEvent(random: Random, id: string, fromMs: number, instants: number, stepMs: number): Event {
  const maybe = <T>(value: () => T) => (random.chance(0.6) ? value() : undefined);
  const ts = fromMs + random.below(instants) * stepMs;
  const wrong = () => random.pick<unknown>(['x', 7, true, null, [1], { a: 1 }, 1.5]);
  const properties = {
    price: maybe(() => (random.chance(0.9) ? random.pick(NUMBERS) : wrong())),
    item: maybe(() => (random.chance(0.8) ? random.pick([...WORDS, '～', '😀']) : wrong())),
    cart: maybe(() => (random.chance(0.9) ? { quantity: random.chance(0.9) ? random.between(-3, 9) : wrong() } : wrong())),
    gift: maybe(() => (random.chance(0.9) ? random.chance(0.5) : wrong())),
  };
  const fields = {
    channel: maybe(() => random.pick(WORDS.slice(1))),
    campaign: maybe(() => random.pick(WORDS.slice(1))),
    page: maybe(() => `/${random.pick(WORDS)}`),
    value: maybe(() => random.pick([0, 1, 250, -40, 999_999_999_999])),
    cost: maybe(() => random.below(5)),
    historical: random.chance(0.1) ? (true as const) : undefined,
  };
  const event = { ts, type: random.pick(TYPES), id, receivedAt: ts, source: 'native', ...fields, properties };
  return JSON.parse(JSON.stringify(event)) as Event;
}

/** What expressions name: texts to compare with, and fields by their types. */
export interface Vocabulary {
  readonly words: readonly string[];
  readonly texts: readonly string[];
  readonly integers: readonly string[];
  readonly flags: readonly string[];
}

const VOCABULARY: Vocabulary = {
  words: WORDS,
  texts: ['type', 'channel', 'campaign', 'item', 'page'],
  integers: ['value', 'cost', 'quantity', 'ts'],
  flags: ['gift', 'historical'],
};

export function randomExpression(random: Random, depth = 3, vocabulary = VOCABULARY): string {
  const word = () => JSON.stringify(random.pick(vocabulary.words));
  const text = () => random.pick(vocabulary.texts);
  const integer = () => random.pick(vocabulary.integers);
  const flag = () => random.pick(vocabulary.flags);
  const inner = () => randomExpression(random, depth - 1, vocabulary);
  const order = () => random.pick(['==', '!=', '<', '<=', '>', '>=']);
  const leaves = [
    () => `${text()} ${order()} ${random.chance(0.8) ? word() : text()}`,
    () => `type == ${JSON.stringify(random.pick(TYPES))}`,
    () => `${integer()} ${order()} ${random.chance(0.7) ? random.between(-2, 300) : integer()}`,
    () => `price ${order()} ${random.pick(['0.5', '-1.0', '19.99', 'price', '3', '-2', 'value'])}`,
    () => `${integer()} ${order()} ${random.pick(['1.0', '1.5', 'price'])}`,
    () => `${text()} in [${word()}, ${word()}]`,
    () => `${random.chance(0.7) ? integer() : 'price'} in [0, -1, ${random.below(5)}, 0.5]`,
    () => `${text()}.${random.pick(['contains', 'startsWith', 'endsWith'])}(${random.chance(0.8) ? word() : text()})`,
    () => random.pick([flag(), `${flag()} == ${flag()}`, 'true', `${flag()} != true`]),
    () => `present(${random.pick([text(), integer(), 'price', flag()])})`,
  ];
  const branches = [
    () => `(${inner()}) && (${inner()})`,
    () => `(${inner()}) || (${inner()})`,
    () => `!(${inner()})`,
    () => `(${inner()}) ? (${inner()}) : (${inner()})`,
    () => `((${inner()}) ? ${word()} : ${text()}) == ${text()}`,
  ];
  return random.pick(depth > 0 && random.chance(0.7) ? branches : leaves)();
}

/** As people write it. `unitMs` in whole seconds; `most`: as long as records are kept, in units. */
export function randomSignal(random: Random, unitMs: number, most: number): Record<string, unknown> {
  const length = (atMost = most) => `${(random.between(1, atMost) * unitMs) / 1_000}s`;
  const types = () => random.pick<string | string[]>(['*', random.pick(TYPES), [random.pick(TYPES), random.pick(TYPES)]]);
  const of = (fields: readonly string[]) => `${random.pick(['*', ...TYPES])}.${random.pick(fields)}`;
  const numbers = ['value', 'cost', 'price', 'quantity'];
  const any = [...numbers, 'item', 'channel', 'gift', 'type'];
  const where = random.chance(0.4) ? { where: randomExpression(random, 2) } : {};
  const windows = ['retained', length(), length(), { tumbling: length() }, ...(most >= 5 * 96 ? [{ session: 'web' }] : [])];
  // Up to a day earlier than it is long.
  const sawtooth = { window: `${(random.between(1, most - 24) * unitMs) / 1_000}s`, accuracy: 'sawtooth' };
  const exact = random.chance(0.9) ? { window: random.pick<unknown>(windows) } : {};
  const window = unitMs === 3_600_000 && random.chance(0.15) ? sawtooth : exact;
  const part = () =>
    random.pick([{ count: types() }, { sum: of(numbers) }, { sum: of(numbers), where: randomExpression(random, 1) }]);
  const rest = { ...where, ...window };
  const side = (shown: readonly string[]) => ({
    type: types(),
    ...(random.chance(0.2) && { where: randomExpression(random, 1) }),
    ...(random.chance(0.7) && { fields: [random.pick(shown)] }),
  });
  const kept = (atMost = most) => ({ count: random.between(1, 5), ...(random.chance(0.7) && { age: length(atMost) }) });
  const half = Math.floor(most / 2);
  return random.pick<() => Record<string, unknown>>([
    () => ({ count: types(), ...rest }),
    () => ({ [random.pick(['sum', 'min', 'max', 'mean', 'variance'])]: of(numbers), ...rest }),
    () => ({ [random.pick(['first', 'last', 'distinct', 'mostFrequent'])]: of(any), ...rest }),
    () => ({ top: of(any), k: random.between(1, 4), ...rest }),
    () => ({ timeSince: types(), ...rest }),
    () => ({ ratio: { of: part(), to: part() }, ...window }),
    () => ({ decayedCount: types(), halfLife: length(), ...rest }),
    () => ({ decayedSum: of(numbers), halfLife: length(), ...rest }),
    () => ({
      type: types(),
      ...where,
      fields: [random.pick(any), 'type'],
      keep: kept(),
    }),
    () => ({
      join: side(any),
      with: side(any),
      on: random.pick<unknown>([['item'], ['type'], ['channel', 'gift'], { item: 'channel' }, { value: 'quantity' }]),
      within: { ...(random.chance(0.5) && { before: length(half) }), ...(random.chance(0.7) && { after: length() }) },
      ...(random.chance(0.5) && { only: random.pick(['matched', 'unmatched']) }),
      keep: kept(half),
    }),
  ])();
}

/** As `randomSignal`. */
export function randomSegment(random: Random, unitMs: number, most: number): Record<string, unknown> {
  const condition = () => (random.chance(0.6) ? `type == ${JSON.stringify(random.pick(TYPES))}` : randomExpression(random, 1));
  const length = (units: number) => `${(units * unitMs) / 1_000}s`;
  const forUnits = random.between(1, most - 1);
  const isAbsence = random.chance(0.4);
  const ttl = random.between(1, isAbsence ? most - forUnits : most);
  return {
    enter: condition(),
    ...(random.chance(0.5) && { exit: condition() }),
    ...(random.chance(0.7) && { ttl: length(ttl) }),
    ...(isAbsence ? { absence: { not: condition(), for: length(forUnits) } } : random.chance(0.5) && { refresh: condition() }),
    ...(random.chance(0.5) && { keep: { episodes: random.below(4) } }),
  };
}

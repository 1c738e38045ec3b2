/** Readers, and what every answer is held against. */
import { RULE_BASED_MODELS } from '@tributary/model/definitions';
import { isErasureType } from '@tributary/model/erasure';
import { GROUPED_VIEWS, keyOfGroup } from '@tributary/views/by-partition';
import { addRow, addRowsByView, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { differences } from '../oracle/compare-rows.ts';
import { generationsOf } from './generations.ts';
import { type Arrival, CUT_ALONE, type Ledger } from './ledger.ts';
import type { Turn } from './scheduler.ts';
import { type MergedAnswer, operational, short, type World } from './world.ts';

/** Reads through the API's own serving path and holds every answer against the oracle. */
export async function reader(world: World, name: string, turn: Turn): Promise<void> {
  const api = world.parts.createReader({
    partitions: world.partitions,
    store: world.store.serving(turn),
    source: generationsOf(world, turn),
    definitions: world.initial,
  });
  for (;;) {
    await turn();
    try {
      checkAnswer(world, name, await api.read());
    } catch (error) {
      operational(error);
      world.count('no answer');
    }
  }
}

/**
 * Law 7: an answer that calls itself complete is exact, whatever happened; one that does not needs a fault that explains it.
 * `mayMix`: no reader's answer, but the sum of what is stored, whatever definitions it was counted by.
 */
export function checkAnswer(world: World, name: string, answer: MergedAnswer, mayMix = false): void {
  const { generation, rows, groups: ofPartitions, pending, complete, warnings, positions } = answer;
  world.audit();
  world.count('answer');
  const parts: RowsByView[] = [];
  let [pendingFrom, pendingTo, mixed] = [0, 0, false];
  // The last answer before it may be given once more, marked as old; what is read again is reported rather too often than too seldom.
  const faults = new Set<string>(world.counts['empty'] === undefined ? [] : ['an emptied store']);
  if (world.counts['put back'] !== undefined) faults.add('a store that was put back');
  // Readers were not to take its rows any more; a store that lost what retirement wrote still has a place for them, and a worker leaves it empty.
  if (generation < world.readFrom) faults.add('retired rows');
  const isOlder = warnings.some((warning) => warning.includes('is served in place of a newer one'));
  if (isOlder && world.counts['a lost generation'] !== undefined) faults.add('a lost generation');
  if (positions.length !== world.partitions) throw new Error(`an answer of ${positions.length} partitions`);
  for (const [partition, position] of positions.entries()) {
    const own = (world.ledgers[partition] as Ledger).expected(generation, position, world.cuts.get(generation)?.[partition]);
    parts.push(own.rows);
    pendingFrom += own.pendingFrom;
    pendingTo += own.pendingTo;
    mixed ||= own.mixed;
    for (const fault of own.faults) faults.add(fault);
    const hasParked = [...world.parkedBy].some(([place, layer]) => layer === 'archive' && place.startsWith(`${partition} `));
    if (own.faults.has(CUT_ALONE) && !hasParked) throw new Error(`generation ${generation} was never cut in p${partition}`);
    if (world.cutApart.has(`${generation} ${partition}`)) faults.add('a parked barrier');
  }
  const at = positions.map((position, partition) => `p${partition} at ${short(position)}`).join(', ');
  for (const fault of faults) world.count(`${complete ? 'complete' : 'incomplete'} after ${fault}`);
  if (!complete) {
    const why = warnings.join('\n  ');
    if (faults.size === 0) throw new Error(`law 7: ${name}, incomplete without a fault, g${generation}, ${at}:\n  ${why}`);
    return;
  }
  if (mixed && !mayMix) throw new Error(`law 7: ${name}, complete though rows are by two definitions, g${generation}, ${at}`);
  world.count('complete');
  const { erasures, isAhead } = forgottenSince(world, answer);
  const wrong = differences(rows, parts.reduce(sumOf));
  if (wrong.length > 0 && isAhead) {
    // The product says of such an answer how far behind real time is, or that the log begins later: the simulation asks neither.
    world.count('an erasure that was counted early');
    return;
  }
  if (wrong.length > 0)
    throw new Error(`law 1: ${name}, view(${generation}) + deltas, ${at}:\n  ${wrong.slice(0, 8).join('\n  ')}`);
  for (const [partition, group] of (ofPartitions ?? []).entries()) {
    const apart = differences(group, grouped(parts[partition] ?? new Map()));
    if (apart.length > 0)
      throw new Error(
        `law 1: ${name}, p${partition} of view(${generation}) + deltas, ${at}:\n  ${apart.slice(0, 8).join('\n  ')}`,
      );
  }
  if (pending < pendingFrom - erasures || pending > pendingTo)
    throw new Error(`law 8: ${name}, ${pending} pending, expected ${pendingFrom} to ${pendingTo}, g${generation}, ${at}`);
  // Costly, and independent of what the oracle says: every fourth answer.
  const lost = (world.counts['answer'] ?? 0) % 4 === 0 ? unconserved(rows) : [];
  if (lost.length > 0) throw new Error(`law 4: ${name}, g${generation}, ${at}:\n  ${lost.join('\n  ')}`);
}

interface ForgottenSince {
  /** Erasures that a speed layer which began from nothing did not pass: it refused these users from the first entry on. */
  readonly erasures: number;
  /** Whether it does not count users though it has not come to their erasure. */
  readonly isAhead: boolean;
}

/** What archived files lack, and the generation does not know: it is older than the oldest that was kept when they were written again. */
function forgottenSince({ forgotten, ledgers }: World, { generation, positions }: MergedAnswer): ForgottenSince {
  if (forgotten === null || generation >= forgotten.generation) return { erasures: 0, isAhead: false };
  const { cut } = forgotten;
  const isGone = ({ event, position }: Arrival, partition: number) =>
    isErasureType(event.type) && position <= (cut[partition] as string);
  const erasures = ledgers.flatMap(({ arrivals }, partition) => arrivals.filter((arrival) => isGone(arrival, partition)));
  return { erasures: erasures.length, isAhead: positions.some((position, p) => (position ?? '') < (cut[p] as string)) };
}

/** Per day, type, currency and model: credits are a million a conversion, attributed value is the conversions' value. */
export function unconserved(rows: RowsByView): string[] {
  const owed = new Map<string, [number, number]>();
  const owe = (key: string, credits: number, value: number) => {
    const [c, v] = owed.get(key) ?? [0, 0];
    owed.set(key, [c + credits, v + value]);
  };
  for (const [key, [count, value]] of rows.get('conversions') ?? []) {
    const [day, type, currency] = key.split('\t');
    for (const model of RULE_BASED_MODELS)
      owe([day, type, currency, model].join(' · '), (count as number) * 1_000_000, value as number);
  }
  for (const [key, [credits, value]] of rows.get('credit') ?? []) {
    const [day, model, type, , , currency] = key.split('\t');
    owe([day, type, currency, model].join(' · '), -(credits as number), -(value as number));
  }
  return [...owed]
    .filter(([, [c, v]]) => c !== 0 || v !== 0)
    .map(([key, [c, v]]) => `${key}: ${c} micro-credits and ${v} minor units are missing`);
}

/** What was summed and grouped before: four of five answers are expected to be what one before them was, and a ledger gives the same rows then. */
const sums = new WeakMap<RowsByView, WeakMap<RowsByView, RowsByView>>();
const groups = new WeakMap<RowsByView, RowsByView>();

function sumOf(first: RowsByView, second: RowsByView): RowsByView {
  const ofFirst = sums.get(first) ?? new WeakMap<RowsByView, RowsByView>();
  sums.set(first, ofFirst);
  const known = ofFirst.get(second);
  if (known !== undefined) return known;
  const sum: RowsByView = new Map();
  for (const part of [first, second]) addRowsByView(sum, part);
  ofFirst.set(second, sum);
  return sum;
}

/** The rows of one partition, of the views that are kept so. */
function grouped(rows: RowsByView): RowsByView {
  const known = groups.get(rows);
  if (known !== undefined) return known;
  const result: RowsByView = new Map();
  groups.set(rows, result);
  for (const view of GROUPED_VIEWS) {
    const own = rowsOf(result, view.name);
    for (const [key, measures] of rows.get(view.name) ?? []) addRow(own, keyOfGroup(view, key), measures);
  }
  return result;
}

/**
 * Rules over the paths that views keep: channels in order, consecutive repeats being one, up to `pathSteps` steps (longer ones are the
 * one step `(other)`).
 *
 *   rows of `paths`   each adds, under its transform: conversions × what a channel has of one, to the micro; value × its weight
 *     ↓               sums of both layers by channel, day, type, currency and whole of the weights: all integers that add
 *   sums              the value of a day, type and currency to the minor unit, channel by channel, by cumulative rounding
 *     ↓
 *   rows of credit    by channel, day, type and currency; what was asked for is their sum
 *
 * Nothing is rounded before the layers are added, so no cut shows in the digits (law 1), and all is rounded before rows are summed, so
 * all breakdowns add up to the same credit (law 4). Work: one pass over the view's rows for each generation, `pathSteps` (at most 20)
 * parts of each, as for sets; from then on what changed.
 */

import { SEPARATOR } from '@tributary/attribution/data-driven/counts';
import { parseTransforms } from '@tributary/attribution/paths/transform-names';
import { touchesOf } from '@tributary/attribution/paths/weighted-path';
import { parseCustom } from '@tributary/attribution/rules/custom';
import { type RuleName, ruleOf, type Shape } from '@tributary/attribution/rules/rules';
import { CREDIT_UNIT_MICROS, split } from '@tributary/model/amounts/money';
import { OTHER } from '@tributary/model/channels/channel';
import type { Definitions } from '@tributary/model/definitions';
import { type Integer, integerOf, multiply, subtract } from '@tributary/model/integer';
import type { Selection } from '@tributary/serving/merge';
import { UNATTRIBUTED } from '@tributary/views/credit/fold';
import { addRow, type Rows } from '@tributary/views/deltas';
import { paths } from '@tributary/views/paths/fold';
import { collectionOf, scopeOf, within } from '../journeys/scope.ts';
import { type Rename, rekeyed, renamedRows } from '../row-keys.ts';
import { withCampaigns } from './campaigns.ts';
import type { Counting, RuleParameters } from './counted-model.ts';

/** How paths are when nothing else is asked for: as the view keeps them. */
export const KEPT = 'exposure';

const DIMENSIONS = ['channel', 'day', 'type', 'currency'];

export function rowsOfPaths(
  name: RuleName,
  snapshot: Counting,
  selection: Selection,
  rename: Rename | null,
  parameters: RuleParameters,
): Rows {
  const sums = sumsOf({ name, parameters, isWhole: false }, snapshot, selection);
  let credited = memory.get(sums);
  if (credited === undefined) memory.set(sums, (credited = creditOf(sums)));
  const named = renamedRows(credited, rename);
  return withCampaigns(snapshot, selection, rename, (by, { channel }) =>
    rekeyed(named, DIMENSIONS, by, channel === undefined ? {} : { channel }),
  );
}

/**
 * Likewise, of a group of users, by channel: a window is one cell of each currency, so that there are as few sums as channels. Values are
 * rounded once, and differ from those of `rowsOfPaths` by less than a minor unit a day and type.
 */
export function rowsOfGroupPaths(
  name: RuleName,
  group: Counting,
  selection: Selection,
  rename: Rename | null,
  parameters: RuleParameters,
): Rows {
  const credited = renamedRows(creditOf(sumsOf({ name, parameters, isWhole: true }, group, selection)), rename);
  return rekeyed(credited, DIMENSIONS, selection.by, {});
}

interface Weighing {
  readonly name: RuleName;
  readonly parameters: RuleParameters;
  /** Whether days and types are summed. */
  readonly isWhole: boolean;
}

/** By day, type, currency, channel and whole of the weights; of a window as a whole, day and type are empty. */
function sumsOf({ name, parameters, isWhole }: Weighing, snapshot: Counting, selection: Selection): Rows {
  const [definitions] = snapshot.definitions;
  const scope = scopeOf(selection);
  const splitPath = splitterOf(name, definitions, parameters);
  const key = isWhole ? 'rule over paths of a window' : 'rule over paths';
  return snapshot.collect(paths, {
    ...collectionOf(JSON.stringify([key, name, parameters, definitions.version]), scope),
    map([day = '', type = '', path = '', currency = ''], [conversions = 0, value = 0], emit) {
      if (!within(scope, type, currency)) return;
      const cell = isWhole ? `\t\t${currency}\t` : `${day}\t${type}\t${currency}\t`;
      for (const part of splitPath(path))
        emit(cell + part.key, [multiply(conversions, part.micros), multiply(value, part.weight)]);
    },
  });
}

/** By the sums, which never change. */
const memory = new WeakMap<Rows, Rows>();

/** What readers must know of paths that are too long to be kept one by one; null: none is. */
export function noteOfLongPaths(snapshot: Counting, scope: Pick<Selection, 'days' | 'equal'>): string | null {
  const { days, equal } = scopeOf(scope);
  const long = snapshot.project(paths, { days, equal: { ...equal, path: OTHER }, by: ['path'] });
  const [conversions = 0] = long.get(OTHER) ?? [];
  if (conversions === 0) return null;
  const [{ attribution }] = snapshot.definitions;
  return `${conversions} conversions have a path of more than ${attribution.pathSteps} steps (attribution.pathSteps of the definitions)${attribution.channels === null ? '' : ', or of channels that are not listed alone'}: rules over paths give them to ${OTHER}`;
}

/** What a channel has of a path: its part of one conversion, and its weight, of which the whole is in the key. */
interface PathPart {
  readonly key: string;
  readonly micros: number;
  readonly weight: number;
}

function splitterOf(
  name: RuleName,
  definitions: Definitions,
  { transform, custom }: RuleParameters,
): (path: string) => readonly PathPart[] {
  const { apply } = parseTransforms(transform ?? KEPT, definitions.directChannels);
  const shape: Shape = { ...definitions, custom: custom === null ? undefined : parseCustom(custom) };
  const known = new Map<string, readonly PathPart[]>();
  return (path) => {
    let parts = known.get(path);
    if (parts === undefined) known.set(path, (parts = partsOf(path === '' ? [] : apply(path.split(SEPARATOR)), name, shape)));
    return parts;
  };
}

function partsOf(channels: readonly string[], name: RuleName, shape: Shape): PathPart[] {
  if (channels.length === 0) return [{ key: `${UNATTRIBUTED}\t1`, micros: CREDIT_UNIT_MICROS, weight: 1 }];
  const weights = ruleOf(name).weights(touchesOf({ path: channels }), shape);
  const micros = split(CREDIT_UNIT_MICROS, weights);
  const whole = weights.reduce((total, weight) => total + weight, 0);
  const sum = (of: readonly number[], at: readonly number[]) => at.reduce((total, i) => total + (of[i] as number), 0);
  return [...Map.groupBy(channels.keys(), (i) => channels[i] as string)].map(([channel, at]) => ({
    key: `${channel}\t${whole}`,
    micros: sum(micros, at),
    weight: sum(weights, at),
  }));
}

/** One channel's part of the value of a cell: `worth / whole`, summed. */
interface Part {
  readonly channel: string;
  readonly whole: number;
  readonly worth: Integer;
}

function creditOf(sums: Rows): Rows {
  const rows: Rows = new Map();
  const cells = new Map<string, Part[]>();
  for (const [key, [micros = 0, worth = 0]] of sums) {
    const [day, type, currency, channel = '', whole] = key.split('\t');
    const cell = `${day}\t${type}\t${currency}`;
    addRow(rows, `${channel}\t${cell}`, [micros, 0]);
    if (worth === 0) continue;
    const part = { channel, whole: Number(whole), worth };
    const parts = cells.get(cell);
    if (parts === undefined) cells.set(cell, [part]);
    else parts.push(part);
  }
  for (const [cell, parts] of cells)
    for (const [channel, minor] of minorUnits(parts)) addRow(rows, `${channel}\t${cell}`, [0, minor]);
  return rows;
}

/**
 * Cumulative rounding over the channels, sorted: integers that sum to the value of the cell exactly, each within 1 of its part. Rounded
 * towards 0, so that refunds are the mirror image of sales.
 */
function minorUnits(parts: Part[]): [channel: string, minor: Integer][] {
  const common = parts.reduce((multiple, { whole }) => leastCommonMultiple(multiple, BigInt(whole)), 1n);
  const byChannel = new Map<string, bigint>();
  for (const { channel, whole, worth } of parts)
    byChannel.set(channel, (byChannel.get(channel) ?? 0n) + BigInt(worth) * (common / BigInt(whole)));
  let upTo = 0n;
  let before: Integer = 0;
  return [...byChannel.keys()].sort().map((channel) => {
    upTo += byChannel.get(channel) as bigint;
    const sum = integerOf(upTo / common);
    const minor = subtract(sum, before);
    before = sum;
    return [channel, minor];
  });
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  let [divisor, rest] = [a, b];
  while (rest !== 0n) [divisor, rest] = [rest, divisor % rest];
  return (a / divisor) * b;
}

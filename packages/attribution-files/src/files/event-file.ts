/**
 * A file of touches and conversions as weighted paths: the journeys that the platform would see in the same events under the same
 * definitions (packages/views/src/journeys/path.ts). Like a path file it is understood as a whole or not at all.
 */

import { createRowReader, type RowReader } from '@tributary/importing/csv/csv-events';
import { resolveMap } from '@tributary/importing/csv/csv-map';
import type { ImportEvent } from '@tributary/importing/events/import-event';
import { createOccurrenceIds } from '@tributary/importing/events/occurrences';
import { createRepeatedIds } from '@tributary/importing/events/repeated-ids';
import { InputError, InputFailure } from '@tributary/importing/failures';
import { createProblems } from '@tributary/importing/files/problems';
import { objectionTo } from '@tributary/importing/sending/load';
import { decimalsOf } from '@tributary/model/amounts/currency';
import type { Definitions } from '@tributary/model/definitions';
import { dayOf, HOUR_MS } from '@tributary/model/time';
import { channelsOf } from '@tributary/views/journeys/channels';
import { nullPathOf, pathOf } from '@tributary/views/journeys/path';
import { ordersBefore, ordersOver } from '@tributary/views/journeys/repeat';
import { timelineEvent } from '@tributary/views/member';
import { countedOnce } from '@tributary/views/once';
import { before, type TimelineEvent } from '@tributary/views/timeline';
import { createJourneys, type ScaledPath } from './journeys.ts';
import type { PathFile } from './path-file.ts';
import { createUnitRows } from './unit-rows.ts';
import { demandText, emptyFile, malformed, rowsOf } from './whole-file.ts';

/** All of them are kept in memory. */
const MAX_EVENTS = 2_000_000;

export interface EventFileOptions {
  readonly separator: string | undefined;
  readonly map: string;
  readonly currency: string | undefined;
  readonly decimalComma: boolean;
  /** Decimals of amounts at the least. */
  readonly decimals: number;
  readonly definitions: Definitions;
  /** Keep the ages of touches, for time decay: paths that differ in them only are not added up. */
  readonly withAges: boolean;
  /** Keep what resampling draws: the users. */
  readonly withUnits: boolean;
  /** Amounts are of no use: they may be of any currencies, and none is kept. */
  readonly withoutAmounts: boolean;
  /** For events of the future, which the platform would refuse. */
  readonly nowMs: number;
}

/** Errors as of `readPathFile`, and for amounts of several currencies: they have no common sum. */
export async function readEventFile(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  options: EventFileOptions,
): Promise<PathFile> {
  const problems = createProblems();
  const repeated = createRepeatedIds(MAX_EVENTS);
  const objection = (event: ImportEvent, line: number) => objectionTo(event, options.nowMs) ?? repeated(event, line);
  const users = new Map<string, Map<string, TimelineEvent>>();
  let read: RowReader | undefined;
  let rows = 0;
  let hasValue = false;
  for await (const { line, fields } of rowsOf(chunks, options.separator, problems.add)) {
    if (read === undefined) {
      demandText(fields, name);
      const columns = resolveMap(options.map, fields);
      if (columns.kind === 'path')
        throw new InputError(
          '--map must be of rows that are a touch or a conversion each (got path=…). Give --paths in place of --events where a row is a path.',
        );
      if (!columns.at.has('type'))
        throw new InputError(
          `--map must name the column of the type, which parts touches from conversions (got "${options.map}"). Add type=COLUMN.`,
        );
      hasValue = columns.at.has('value');
      read = createRowReader(columns, readerOptions(options), createOccurrenceIds(MAX_EVENTS));
      continue;
    }
    rows += 1;
    if (rows > MAX_EVENTS) throw tooMany(name);
    const got = read(fields);
    const reason = got.ok ? objection(got.value[0] as ImportEvent, line) : got.reason;
    if (!got.ok || reason !== null) problems.add({ line, reason: reason ?? '' });
    else keep(users, got.value[0] as ImportEvent, options.definitions);
  }
  if (problems.count > 0) throw malformed(name, problems);
  if (rows === 0) throw emptyFile(name);
  return {
    ...journeysOf(users, name, options),
    spanMs: spanOf(users),
    rows,
    hasValue: hasValue && !options.withoutAmounts,
    nullsByRow: false,
    rounded: 0,
    repeated: 0,
    unseenMilestones: [],
  };
}

function readerOptions({ currency, decimalComma }: EventFileOptions) {
  const decimalMark: '.' | ',' = decimalComma ? ',' : '.';
  const none = { type: '', touchType: '', conversionType: '', minor: false, costs: new Map<string, string>(), times: undefined };
  return { ...none, currency, decimalMark };
}

/** The first event of an id counts, as on the platform; what is neither touch nor conversion is not needed. */
function keep(users: Map<string, Map<string, TimelineEvent>>, event: ImportEvent, definitions: Definitions): void {
  const user = event.userId ?? event.anonymousId ?? '';
  let own = users.get(user);
  if (own === undefined) users.set(user, (own = new Map()));
  if (!own.has(event.id)) own.set(event.id, timelineEvent({ ...event, receivedAt: event.ts }, definitions));
}

function journeysOf(
  users: ReadonlyMap<string, ReadonlyMap<string, TimelineEvent>>,
  name: string,
  { definitions, currency, decimals, withAges, withUnits, withoutAmounts }: EventFileOptions,
): Pick<PathFile, 'paths' | 'decimals' | 'costs' | 'currency' | 'refunds' | 'sample'> {
  const journeys = createJourneys(name);
  const units = createUnitRows(name);
  const costs = new Map<string, number>();
  const currencies = new Set<string>();
  let refunds = 0;
  for (const [user, own] of users) {
    const add = (row: ScaledPath) => {
      journeys.add(row);
      if (withUnits) units.add(row, user);
    };
    const inOrder = [...own.values()].sort((a, b) => (before(a, b) ? -1 : 1));
    const kept = countedOnce(inOrder, definitions).filter(({ kind }) => kind !== 'signal');
    const timeline = withoutAmounts ? kept.map((event) => ({ ...event, valueMinor: 0, costMinor: 0, currency: '' })) : kept;
    timeline.forEach((event, at) => {
      if (event.valueMinor !== 0 || event.costMinor !== 0) currencies.add(event.currency);
      if (event.kind === 'conversion' && event.valueMinor < 0) refunds += 1;
      if (event.kind === 'conversion') {
        const path = pathOf(timeline, at, definitions);
        // The event as it is: without its amount a refund would be an order.
        const row = converting(event, path, definitions, withAges);
        const seen = { conversion: kept[at] as TimelineEvent, path, channels: row.path };
        add(withUnits ? { ...row, orders: ordersOver(seen, ordersBefore(kept, at, definitions), definitions) } : row);
      } else {
        const [channel = ''] = channelsOf([event], definitions);
        if (event.costMinor > 0) costs.set(channel, (costs.get(channel) ?? 0) + event.costMinor);
        const path = nullPathOf(timeline, at, definitions);
        if (path !== null) add({ path: channelsOf(path, definitions), conversions: 0, nulls: 1, value: 0, scale: 0 });
      }
    });
  }
  const one = oneCurrency(name, currencies) ?? currency;
  const scale = decimalsOf(one);
  const { paths, decimals: used } = journeys.end(Math.max(decimals, scale));
  const larger = 10 ** (used - scale);
  return {
    paths,
    costs: new Map([...costs].map(([channel, minor]) => [channel, minor * larger])),
    decimals: used,
    currency: one,
    refunds,
    sample: withUnits ? units.end(used) : null,
  };
}

function spanOf(users: ReadonlyMap<string, ReadonlyMap<string, TimelineEvent>>): number {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const own of users.values())
    for (const { ts } of own.values()) {
      first = Math.min(first, ts);
      last = Math.max(last, ts);
    }
  return last - first;
}

function converting(
  { ts, type, valueMinor, currency }: TimelineEvent,
  path: readonly TimelineEvent[],
  definitions: Definitions,
  withAges: boolean,
): ScaledPath {
  const ages = path.map((touch) => Math.floor((ts - touch.ts) / HOUR_MS));
  const counts = { conversions: 1, nulls: 0, value: valueMinor, scale: decimalsOf(currency) };
  return { path: channelsOf(path, definitions), ...counts, filed: `${dayOf(ts)}\t${type}`, ...(withAges ? { ages } : {}) };
}

function oneCurrency(name: string, currencies: ReadonlySet<string>): string | undefined {
  const [first, ...more] = currencies;
  if (more.length > 0)
    throw new InputFailure({
      code: 'several_currencies',
      message: `${name} has amounts in ${[...currencies].sort().slice(0, 5).join(', ')}, which have no common sum`,
      fix: 'Keep the rows of one currency, convert the amounts first, or leave value and cost out of --map: conversions are counted without them.',
      kind: 'usage',
    });
  return first === undefined || first === '(none)' ? undefined : first;
}

function tooMany(name: string): InputFailure {
  return new InputFailure({
    code: 'path_file_too_large',
    message: `${name} has more than ${MAX_EVENTS.toLocaleString('en')} events`,
    fix: 'Import them (tributary import csv) and ask the platform, or split the file by user.',
    kind: 'usage',
  });
}

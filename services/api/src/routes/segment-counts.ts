/** How many entered and left a segment by day: sums of both layers, and the members that follow from them. */
import { MAX_SEGMENT_DAYS, SEGMENT_ROUTES, USUAL_SEGMENT_DAYS } from '@tributary/contract/groups/segments';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { add, type Integer, subtract } from '@tributary/model/integer';
import { DAY_MS, dayOf } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import type { AskedLayers, Days } from '@tributary/serving/merge';
import { type Snapshot, takeSnapshot } from '@tributary/serving/snapshot';
import { signalsOf } from '@tributary/signals/definitions/file';
import type { Rows } from '@tributary/views/deltas';
import { segmentDays } from '@tributary/views/segment-days/fold';
import type { Routes } from '../context.ts';
import { askerOf } from '../http/asker.ts';
import { csvOf } from '../http/csv.ts';
import { selectionOf } from '../http/selection.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  serve(app, SEGMENT_ROUTES.countMembers, async (request, reply) => {
    const { name } = request.params;
    const { format } = request.query;
    const { days: asked, layers, notes } = selectionOf(request.query, []);
    const snapshot = await takeSnapshot(context, [segmentDays], layers);
    const versions = versionsOf(snapshot, name);
    const { asOf, newestMs } = readUpTo(snapshot, layers);
    const days = daysOf(asked, newestMs);
    const answer = await snapshot.ready(askerOf(request, reply), (ready) => {
      const isAnswered = versions !== null && days !== null;
      // Members follow from every day up to the last.
      const all = isAnswered
        ? ready.project(segmentDays, {
            days: { fromDay: null, toDay: days.toDay },
            equal: { segment: name, version: versions.ofRows },
            by: ['day'],
          })
        : new Map();
      return {
        segment: name,
        version: versions?.own ?? null,
        status: versions === null ? ('BACKFILLING' as const) : ('READY' as const),
        asOf,
        range: isAnswered ? days : { fromDay: null, toDay: null },
        rows: isAnswered ? byDay(all, days, asOf) : [],
        meta: ready.meta({ holes: [], notes }),
      };
    });
    if (format === 'json') return answer;
    reply.header('x-tributary-complete', String(answer.meta.complete));
    reply.header('x-tributary-generation', String(answer.meta.generation));
    const rows = answer.rows.map((row) => ({ ...row, over: String(row.over) }));
    return reply.type('text/csv; charset=utf-8').send(csvOf(['day', 'entered', 'left', 'members', 'over'], rows));
  });
  done();
};

interface Versions {
  /** That of the segment, which other answers name. */
  readonly own: string;
  readonly ofRows: string;
}

/**
 * Those of the definitions which the generation follows; null: they do not count the segment by day, and partitions follow others that do. Throws
 * `invalid_query` where none does.
 */
function versionsOf({ definitions }: Pick<Snapshot, 'definitions'>, name: string): Versions | null {
  const [own] = definitions;
  const ofRows = own.segmentDayVersions.get(name);
  if (ofRows !== undefined) return { own: signalsOf(own, sha256Hex).get(name)?.version as string, ofRows };
  if (definitions.some(({ segmentDayVersions }) => segmentDayVersions.has(name))) return null;
  const known = new Set(definitions.flatMap(({ segmentDayVersions }) => [...segmentDayVersions.keys()]));
  throw new TributaryError(
    'invalid_query',
    `name must be a segment with byDay: true of the definitions in force: ${[...known].sort().join(', ') || 'they have none'} (got "${name}"). ${fixOf(definitions, name)}`,
  );
}

function fixOf(definitions: readonly Definitions[], name: string): string {
  return definitions.some(({ derived }) => Object.hasOwn(derived?.segments ?? {}, name))
    ? 'Add byDay: true to the segment'
    : 'One that is new in the file is in force from the next run of the batch layer on';
}

interface ReadUpTo {
  readonly asOf: number | null;
  readonly newestMs: number | null;
}

/**
 * Log time of the partition that is furthest behind, and of the newest, epoch ms; of the batch side alone, none behind its cut: the rest of that day is
 * not in the rows. null: nothing was read yet.
 */
function readUpTo({ states, cutMs }: Pick<Snapshot, 'states' | 'cutMs'>, layers: AskedLayers): ReadUpTo {
  // A partition that has read no event yet has none.
  const logTimes = states.flatMap((state) => (state === null || state.logTimeMs === 0 ? [] : [state.logTimeMs]));
  const read = logTimes.length === 0 ? null : { asOf: Math.min(...logTimes), newestMs: Math.max(...logTimes) };
  if (layers !== 'batch') return read ?? { asOf: null, newestMs: null };
  if (cutMs === null) return { asOf: null, newestMs: null };
  return { asOf: Math.min(cutMs, read?.asOf ?? cutMs), newestMs: Math.min(cutMs, read?.newestMs ?? cutMs) };
}

type WholeDays = { readonly [Key in keyof Days]: string };

/** Up to that of the newest log time unless it is said. null: nothing was read yet. Throws `invalid_query` where they are too many. */
function daysOf({ fromDay, toDay }: Days, newestMs: number | null): WholeDays | null {
  const lastMs = toDay === null ? newestMs : Date.parse(toDay) - DAY_MS;
  if (lastMs === null) return null;
  const toMs = Math.floor(lastMs / DAY_MS) * DAY_MS + DAY_MS;
  const fromMs = fromDay === null ? toMs - USUAL_SEGMENT_DAYS * DAY_MS : Date.parse(fromDay);
  const days = (toMs - fromMs) / DAY_MS;
  if (days > MAX_SEGMENT_DAYS)
    throw new TributaryError(
      'invalid_query',
      `from must lie at most ${MAX_SEGMENT_DAYS} days before to (got ${dayOf(fromMs)}, ${days} days before ${dayOf(toMs)})`,
    );
  return { fromDay: dayOf(Math.max(0, Math.min(fromMs, toMs))), toDay: dayOf(toMs) };
}

/** `all`: from the first day of all on, by day. */
function byDay(all: Rows, { fromDay, toDay }: WholeDays, asOf: number | null) {
  let members: Integer = 0;
  for (const [day, [entered = 0, left = 0]] of all) if (day < fromDay) members = subtract(add(members, entered), left);
  const rows = [];
  for (let ms = Date.parse(fromDay); ms < Date.parse(toDay); ms += DAY_MS) {
    const day = dayOf(ms);
    const [entered = 0, left = 0] = all.get(day) ?? [];
    members = subtract(add(members, entered), left);
    rows.push({ day, entered, left, members, over: asOf !== null && ms + DAY_MS <= asOf });
  }
  return rows;
}

/** A filter by a value that no row has chooses nothing: that is said, with the value that was probably meant. */
import { distanceOf } from '@tributary/runtime/config/nearest-name';
import type { Days, Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import { conversions } from '@tributary/views/conversions/fold';
import { credit } from '@tributary/views/credit/fold';
import { touches } from '@tributary/views/touches/fold';
import type { View } from '@tributary/views/view';
import type { Counts } from './counts/take-counts.ts';
import { type ReportQuestion, windowsOf } from './question.ts';
import type { Rename } from './row-keys.ts';

/** The values of a dimension: rows of these views, channels under the names of the report. */
export interface Places {
  readonly views: readonly View[];
  readonly rename?: Rename | null;
}

/** For attribution reports: a channel may cost without credit, and earn without a touch in the window. */
export function unknownInReport(
  snapshot: Pick<Snapshot, 'project'>,
  question: ReportQuestion,
  windows: readonly Pick<Counts, 'names'>[],
): string[] {
  const rename = windows[0]?.names.inCosts ?? null;
  const places: Readonly<Record<string, Places>> = {
    channel: { views: [touches, credit], rename },
    campaign: { views: [touches, credit] },
    type: { views: [conversions] },
    currency: { views: [conversions, touches] },
  };
  const days = windowsOf(question).map((window) => window.days);
  return unknownValues(snapshot, days, question.equal, (dimension) => places[dimension]);
}

/** Notes of the values that no row of any of the windows has, whatever the other filters say. `distance` of two names, in letters. */
export function unknownValues(
  { project }: Pick<Snapshot, 'project'>,
  windows: readonly Days[],
  equal: Selection['equal'],
  placesOf: (dimension: string) => Places | undefined,
  distance = distanceOf,
): string[] {
  const nearestOf = boundedNearest(distance);
  return Object.entries(equal).flatMap(([dimension, wanted]) => {
    const { views = [], rename = null } = placesOf(dimension) ?? {};
    const known = new Set<string>();
    let unknown = [wanted].flat();
    for (const view of views) {
      for (const days of windows)
        for (const value of project(view, { days, by: [dimension], equal: only(view, dimension) }).keys())
          known.add(rename?.(value) ?? value);
      unknown = unknown.filter((value) => !known.has(value));
      if (unknown.length === 0) return [];
    }
    const names = [...known].filter((name) => name !== '').sort();
    const notes = unknown.slice(0, NAMED).map((value) => sentenceOf(dimension, value, names, nearestOf(value, names)));
    const more = unknown.length - NAMED;
    return more <= 0 ? notes : [...notes, `values of ${dimension} that no row of this window has either: ${more} more`];
  });
}

/** Every model has the channels of the linear one. */
function only(view: View, dimension: string): Selection['equal'] {
  return view === credit && dimension !== 'model' ? { model: 'linear' } : {};
}

/** Values of a dimension that have a note each; of the others, how many there are. */
const NAMED = 3;
/** Names that are listed. */
const LISTED = 10;
/** Pairs of names that a question has compared, letter by letter: one takes some 30 µs of the thread that serves all readers. */
const COMPARED = 1_000;
const LONGEST = 64;

function sentenceOf(dimension: string, value: string, known: readonly string[], nearest: string | undefined): string {
  const lead = `no row of this window has the ${dimension} ${JSON.stringify(value)}`;
  if (known.length === 0) return `${lead}: it has no rows at all`;
  if (nearest !== undefined) return `${lead}. Did you mean ${JSON.stringify(nearest)}?`;
  const listed = known.slice(0, LISTED).map((name) => JSON.stringify(name));
  const more = known.length > LISTED ? ` and ${known.length - LISTED} more` : '';
  return `${lead}; there are ${listed.join(', ')}${more}`;
}

/** Apart in a third of the letters at most; undefined also where the question has no pairs left. */
function boundedNearest(distance: typeof distanceOf): (value: string, known: readonly string[]) => string | undefined {
  let left = COMPARED;
  return (value, known) => {
    if (value.length > LONGEST) return undefined;
    const bound = Math.max(1, Math.floor(value.length / 3));
    const alike = known.filter((name) => Math.abs(name.length - value.length) <= bound);
    if (alike.length > left) return undefined;
    left -= alike.length;
    return alike
      .map((name) => ({ name, apart: distance(name.toLowerCase(), value.toLowerCase()) }))
      .filter(({ apart }) => apart <= bound)
      .sort((a, b) => a.apart - b.apart)[0]?.name;
  };
}

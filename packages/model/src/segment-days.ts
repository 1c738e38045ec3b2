/** Segments whose members definitions count by day, as rows follow them: `packages/signals` reads what they mean. */
import { canonicalJson } from './canonical-json.ts';
import { fieldsMentioned } from './corrections.ts';
import { textsIn } from './counts.ts';

type Section = Readonly<Record<string, unknown>>;

/** As definitions are written and stored. */
interface Segmented {
  readonly derived?: { readonly fields: Section; readonly segments: Section } | undefined;
}

/** Those that ask for it, without what no row follows; and the fields of `properties` that they may name. Undefined: none asks. */
export function segmentDaysOf({ derived }: Segmented): object | undefined {
  const asking = Object.entries(derived?.segments ?? {}).filter(([, written]) => isByDay(written));
  if (asking.length === 0) return undefined;
  const segmentDays = Object.fromEntries(asking.map(([name, written]) => [name, followed(written as object)]));
  return { segmentDays, segmentedBy: fieldsMentioned(textsIn(segmentDays), derived?.fields ?? {}) };
}

/** A version of each of them, by its name: it changes with all that the rows of the segment follow. */
export function segmentDayVersions({ derived }: Segmented, sha256Hex: (text: string) => string): Map<string, string> {
  const asking = Object.entries(derived?.segments ?? {}).filter(([, written]) => isByDay(written));
  const versionOf = (segment: unknown) =>
    sha256Hex(canonicalJson({ ...segmentDaysOf({ derived: { fields: derived?.fields ?? {}, segments: { segment } } }) }));
  return new Map(asking.map(([name, written]) => [name, versionOf(written).slice(0, 12)]));
}

export function isByDay(written: unknown): boolean {
  return Object.hasOwn(Object(written), 'byDay');
}

function followed(written: object): object {
  return Object.fromEntries(Object.entries(written).filter(([key]) => key !== 'keep' && key !== 'byDay'));
}

/** Definitions with other windows of touches, for a question that nothing else follows. */
import { type Definitions, storedDefinitions } from './definitions.ts';
import { TributaryError } from './errors.ts';

export interface OtherWindows {
  /** For every touch type but those that are seen, not clicked (`viewThrough`), days; null: each keeps its own. */
  readonly lookbackDays: number | null;
  /** By touch type, days; counts before `lookbackDays`. */
  readonly windowDays: Readonly<Record<string, number>>;
}

/** Throws `invalid_query` for a type that is not a touch, `invalid_definitions` for a window beyond 365 days. */
export function withWindows(
  { json, touches }: Definitions,
  { lookbackDays, windowDays }: OtherWindows,
  sha256Hex: (text: string) => string,
): Definitions {
  const unknown = Object.keys(windowDays).find((type) => !Object.hasOwn(touches, type));
  if (unknown !== undefined)
    throw new TributaryError(
      'invalid_query',
      `windowDays must name touches of the definitions, ${Object.keys(touches).join(', ')} (got ${JSON.stringify(unknown)})`,
    );
  const changed = Object.entries(touches).map(([type, touch]) => {
    const ofAll = touch.viewThrough ? null : lookbackDays;
    const own = Object.hasOwn(windowDays, type) ? windowDays[type] : null;
    return [type, { ...touch, windowDays: own ?? ofAll ?? touch.windowDays }];
  });
  const stored = JSON.parse(json) as object;
  return storedDefinitions(JSON.stringify({ ...stored, touches: Object.fromEntries(changed) }), sha256Hex);
}

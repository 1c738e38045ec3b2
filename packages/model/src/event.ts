/**
 * The event and its one canonical encoding.
 *
 * An event travels as a *line*: canonical JSON without a newline, `ts`, `type` and `id` first, in that order. The
 * collector writes the line, the log carries it, the speed layer appends its bytes to the user's record, the API sends
 * those bytes: nobody re-encodes. Because the first three keys are fixed, readers select by time and type without
 * parsing (`lineTs`, `lineType`).
 */

/** An immutable fact. Instants in epoch ms UTC; money in integer minor units of `currency`. */
export interface Event {
  /** When it happened. */
  readonly ts: number;
  readonly type: string;
  /** Unique within the user key; the duplicate key (law 3). */
  readonly id: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  /** When the collector got it. */
  readonly receivedAt: number;
  readonly source: string;
  readonly channel?: string;
  readonly campaign?: string;
  readonly creative?: string;
  readonly cost?: number;
  readonly value?: number;
  readonly currency?: string;
  readonly page?: string;
  readonly element?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  /** Imported history: archived whole, its timestamps are authoritative. */
  readonly historical?: true;
  /** The public half of the key that it came in with, so that what a leaked key wrote can be found. Set by the collector only. */
  readonly keyId?: string;
}

/** The keys of an event in canonical order. */
export const EVENT_FIELDS = [
  'ts',
  'type',
  'id',
  'userId',
  'anonymousId',
  'receivedAt',
  'source',
  'channel',
  'campaign',
  'creative',
  'cost',
  'value',
  'currency',
  'page',
  'element',
  'historical',
  'keyId',
  'properties',
] as const satisfies readonly (keyof Event)[];

/** The canonical line of a valid event; absent fields are left out. */
export function encodeEvent(event: Event): string {
  const ordered: Record<string, unknown> = {};
  for (const field of EVENT_FIELDS) {
    const value = event[field];
    if (value !== undefined && value !== null) ordered[field] = value;
  }
  return JSON.stringify(ordered);
}

const TS_AT = '{"ts":'.length;

/** The `ts` of a canonical line, in epoch ms, without parsing the JSON; NaN when the line is not canonical. */
export function lineTs(line: string): number {
  if (!line.startsWith('{"ts":')) return Number.NaN;
  const end = line.indexOf(',', TS_AT);
  return end < 0 ? Number.NaN : Number(line.slice(TS_AT, end));
}

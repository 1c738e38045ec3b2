/**
 * The fields of an event, once. Derived from these rows: the type `Event`, the canonical line, the check, the columns of the archive, of the
 * spool and of a generation's events, what senders may set over HTTP, as CloudEvents and in CSV files, and which of it a key needs a right to send.
 * CONTRIBUTING.md says how to add one.
 */

/** Bound of an amount, in minor units, either way. */
export const MAX_AMOUNT_MINOR = 1_000_000_000_000;

/** Channels of these names would be taken for what reports call the ends of journeys, and what nothing led to. */
const RESERVED_CHANNELS = ['(start)', '(conversion)', '(null)', '(unattributed)'] as const;

/** What holds for a value, by its type. */
type FieldType =
  /** Epoch ms, whole. */
  | { readonly type: 'instant' }
  /** From 1 to `maxLength` UTF-16 units, no control character. */
  | {
      readonly type: 'text';
      readonly maxLength: number;
      /** Printable ASCII, without quote and backslash. */
      readonly ascii?: true;
      /** Values that are refused: reports use them for something else. */
      readonly reserved?: readonly string[];
    }
  /** Money, as an integer of `unit`. A key needs the right to send it. */
  | { readonly type: 'amount'; readonly unit: 'minor units'; readonly min: number; readonly max: number }
  /** A code of ISO 4217. */
  | { readonly type: 'currency' }
  /** `true` or absent. */
  | { readonly type: 'flag' }
  /** Any JSON object; columns hold its text. */
  | { readonly type: 'object' };

export type FieldRow = FieldType & {
  /** In the archive. */
  readonly column: string;
  /** Files of earlier versions lack the column. */
  readonly later?: true;
  /** A generation keeps it too, with its deduplicated events: what views read. */
  readonly timeline?: true;
  readonly required?: true;
  /** Set where the event comes in; senders that set it are refused. */
  readonly stamped?: true;
  /** An event has one of these at least. */
  readonly userKey?: true;
};

/**
 * In the order of the line and of the columns. `ts`, `type`, `id` come first for ever, readers of lines rely on it. A new row goes before
 * `properties`, the longest; files that exist keep their columns.
 */
export const FIELDS = {
  /** When it happened. */
  ts: { type: 'instant', required: true, column: 'ts', timeline: true },
  type: { type: 'text', maxLength: 128, required: true, column: 'type', timeline: true },
  /** Unique within the user key; the duplicate key (law 3). */
  id: { type: 'text', maxLength: 128, ascii: true, required: true, column: 'id', timeline: true },
  userId: { type: 'text', maxLength: 256, userKey: true, column: 'user_id' },
  anonymousId: { type: 'text', maxLength: 256, userKey: true, column: 'anonymous_id' },
  /** When the collector got it. */
  receivedAt: { type: 'instant', required: true, stamped: true, column: 'received_at' },
  source: { type: 'text', maxLength: 512, required: true, column: 'source' },
  channel: { type: 'text', maxLength: 512, reserved: RESERVED_CHANNELS, column: 'channel', timeline: true },
  campaign: { type: 'text', maxLength: 512, column: 'campaign', timeline: true },
  creative: { type: 'text', maxLength: 512, column: 'creative' },
  cost: { type: 'amount', unit: 'minor units', min: 0, max: MAX_AMOUNT_MINOR, column: 'cost', timeline: true },
  value: { type: 'amount', unit: 'minor units', min: -MAX_AMOUNT_MINOR, max: MAX_AMOUNT_MINOR, column: 'value', timeline: true },
  currency: { type: 'currency', column: 'currency', timeline: true },
  page: { type: 'text', maxLength: 2048, column: 'page' },
  element: { type: 'text', maxLength: 512, column: 'element' },
  /** Imported history: archived whole, its timestamps are authoritative. */
  historical: { type: 'flag', column: 'historical' },
  /** The public half of the key that it came in with, so that what a leaked key wrote can be found. */
  keyId: { type: 'text', maxLength: 64, stamped: true, column: 'key_id', later: true },
  properties: { type: 'object', column: 'properties' },
} as const satisfies Readonly<Record<string, FieldRow>>;

/** C0 controls and DEL: row keys are joined by tabs and lines end at newlines, so dimensions may hold neither. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
export const CONTROL = /[\u0000-\u001f\u007f]/;

/** Whether a text can be the key of a user: what no event could be sent with has no events. */
export function isKey(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= FIELDS.userId.maxLength &&
    !CONTROL.test(value) &&
    value.isWellFormed()
  );
}

type Fields = typeof FIELDS;
export type Field = keyof Fields;
/** The fields whose rows say all of `Part`. */
export type FieldsWith<Part> = { [K in Field]: Fields[K] extends Part ? K : never }[Field];

/** In the order of the rows. */
export const FIELD_ROWS = Object.entries(FIELDS) as readonly (readonly [Field, FieldRow])[];

/** The fields whose rows say all of `part`, in their order. */
export function fieldsWith<const Part extends Partial<FieldRow>>(part: Part): readonly FieldsWith<Part>[] {
  const asked = Object.entries(part);
  const found = FIELD_ROWS.filter(([, row]) => asked.every(([key, value]) => row[key as keyof FieldRow] === value));
  return found.map(([field]) => field as FieldsWith<Part>);
}

/** What senders may add to an event, one value each: no format has rules of its own for these. */
export type PlainField = Exclude<
  FieldsWith<{ type: 'text' } | { type: 'amount' } | { type: 'currency' }>,
  FieldsWith<{ required: true } | { stamped: true } | { userKey: true }>
>;

export const PLAIN_FIELDS = FIELD_ROWS.map(([field]) => field).filter(isPlain);

export function isPlain<Name extends Field>(field: Name): field is Name & PlainField {
  const { type, required, stamped, userKey }: FieldRow = FIELDS[field];
  return (type === 'text' || type === 'amount' || type === 'currency') && !(required || stamped || userKey);
}

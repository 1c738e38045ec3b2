/** Events as lines for people: fixed columns, so that a stream needs no look ahead. */
import { instant, money } from '../terminal/figures.ts';
import { fit, printable } from '../terminal/table.ts';

/** What is shown of an event; everything may be missing or of any type: foreign producers write to the log too. */
type Shown = Readonly<Record<string, unknown>>;

const COLUMNS: readonly (readonly [title: string, width: number, cell: (event: Shown) => string])[] = [
  ['time', 24, (e) => (typeof e['ts'] === 'number' ? instant(e['ts']) : '')],
  ['type', 21, (e) => text(e['type'])],
  ['user', 20, (e) => text(userOf(e))],
  ['channel', 16, (e) => text(e['channel'])],
  ['value', 14, (e) => (typeof e['value'] === 'number' ? money(e['value'], text(e['currency'])) : '')],
  ['id', 36, (e) => text(e['id'])],
];

export function headLine(): string {
  return COLUMNS.map(([title, width]) => fit(title, width))
    .join('  ')
    .trimEnd();
}

export function eventLine(line: string): string {
  const event = parsed(line);
  if (event === null) return printable(`not an event: ${line.slice(0, 120)}`);
  if ('undecodable' in event) return printable(`not an event: ${text(event['message'])} (${text(event['at'])})`);
  return eventCells(event)
    .map((cell, i) => fit(cell, COLUMNS[i]?.[1] ?? 0))
    .join('  ')
    .trimEnd();
}

export function eventCells(event: Shown): string[] {
  return COLUMNS.map(([, , cell]) => cell(event));
}

/** Which lines to show. Lines that are no events pass when nothing is asked for. */
export function selects(wanted: {
  readonly user?: string | undefined;
  readonly types?: readonly string[] | undefined;
}): (line: string) => boolean {
  const { user, types } = wanted;
  if (user === undefined && types === undefined) return () => true;
  return (line) => {
    const event = parsed(line);
    if (event === null) return false;
    return (user === undefined || userOf(event) === user) && (types === undefined || types.includes(text(event['type'])));
  };
}

/** Outputs name the user key itself. */
function userOf(event: Shown): unknown {
  return event['userKey'] ?? event['userId'] ?? event['anonymousId'];
}

function parsed(line: string): Shown | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Shown) : null;
  } catch {
    return null;
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

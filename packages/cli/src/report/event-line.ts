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

const TITLES = COLUMNS.map(([title]) => title);
const WIDTHS = COLUMNS.map(([, width]) => width);
const GAP = 2;

/** `screen`: columns of the reader's; null: not known. */
export function headLine(screen: number | null): string {
  return laidOut(TITLES, screen);
}

export function eventLine(line: string, screen: number | null): string {
  const event = parsed(line);
  if (event === null) return printable(`not an event: ${line.slice(0, 120)}`);
  if ('undecodable' in event) return printable(`not an event: ${text(event['message'])} (${text(event['at'])})`);
  return laidOut(eventCells(event), screen);
}

/** Where the screen is too narrow, the id stands whole on a second line, and names give way. */
function laidOut(cells: readonly string[], screen: number | null): string {
  const all = WIDTHS.reduce((sum, width) => sum + GAP + width, -GAP);
  if (screen === null || screen >= all) return joined(cells, WIDTHS);
  const [time = 0, type = 0, user = 0, channel = 0, value = 0] = WIDTHS;
  const left = Math.max(0, screen - time - value - 4 * GAP);
  const names = [type, user, channel].map((width) => Math.min(width, Math.floor((left * width) / (type + user + channel))));
  const first = joined(cells.slice(0, -1), [time, ...names, value]);
  return `${first}\n${' '.repeat(time + GAP)}${printable(cells.at(-1) ?? '')}`.trimEnd();
}

function joined(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, i) => fit(cell, widths[i] ?? 0))
    .join(' '.repeat(GAP))
    .trimEnd();
}

export function eventCells(event: Shown): string[] {
  return COLUMNS.map(([, , cell]) => cell(event));
}

/** Which lines to show. Lines that are not events pass when nothing is asked for. */
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

/** Why real time was off, as text: how far, what of each difference has which class, and the conversions that it has to do with. */
import type { Integer } from '@tributary/model/integer';
import type { Reconciliation } from '../api-types.ts';
import { conversions, count, counted, instant, money, percent } from '../terminal/figures.ts';
import { renderWide } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

type View = Reconciliation['views'][string];
type Totals = View['totals'];

/** In the order of the table. Names of later versions follow. */
const CLASSES: Readonly<Record<string, string>> = {
  late: 'late',
  beyondRetention: 'beyond retention',
  duplicate: 'duplicate',
  overflow: 'overflow',
  correction: 'correction',
  definitions: 'definitions',
  identity: 'identity',
  erasure: 'erasure',
  behind: 'not read yet',
  unexamined: 'not examined',
  engineDefect: 'engine defect',
};

const LISTED_CONVERSIONS = 5;
const LISTED_TOUCHES = 6;
const LISTED_DAYS = 7;

/** Rows that were right, as a part of all; null: nothing was compared, or an earlier version did. */
export function matchRate({ views }: Pick<Reconciliation, 'views'>): number | null {
  let [compared, differing] = [0, 0];
  for (const { rowsCompared, rowsDiffering } of Object.values(views)) {
    if (rowsCompared === undefined) continue;
    compared += rowsCompared;
    differing += rowsDiffering;
  }
  return compared === 0 ? null : 1 - differing / compared;
}

/** 2 · Σ |difference| ÷ Σ (|seen| + |computed|) of the sum that is off by most, from 0 to 2; null: as above. */
export function largestSmape({ views }: Pick<Reconciliation, 'views'>): number | null {
  const sums = Object.values(views).flatMap(({ totals, amounts = {} }) =>
    [totals, ...Object.values(amounts)].flatMap((of: Totals) => Object.values(of)),
  );
  const known = sums.filter(({ magnitude }) => magnitude !== undefined);
  if (known.length === 0) return null;
  return Math.max(
    ...known.map(({ moved = 0, magnitude = 0 }) => (magnitude === 0 ? 0 : (2 * Number(moved)) / Number(magnitude))),
  );
}

export function classNames({ views }: Pick<Reconciliation, 'views'>): string[] {
  const met = new Set(Object.values(views).flatMap(({ classes = {} }) => Object.keys(classes)));
  const known = Object.keys(CLASSES).filter((name) => met.has(name));
  return [...known, ...[...met].filter((name) => !(name in CLASSES)).sort()];
}

export function labelOfClass(name: string): string {
  return CLASSES[name] ?? name;
}

export function classesText(report: Reconciliation, screen: Pick<Terminal, 'width' | 'bold'>): string[] {
  return [
    ...agreement(report),
    ...defects(report),
    ...classTable(report, screen),
    ...lateness(report),
    ...changedConversions(report),
  ];
}

function agreement(report: Reconciliation): string[] {
  const [rate, smape] = [matchRate(report), largestSmape(report)];
  if (rate === null || smape === null) return [];
  // What is not all must not read as all.
  const rows = rate === 1 ? '100 %' : percent(Math.floor(rate * 10_000) / 10_000, 2);
  return [`${rows} of the rows agree; SMAPE of the sum that is off by most: ${(Math.ceil(smape * 1e6) / 1e6).toFixed(6)}`];
}

function defects({ engineDefectRows }: Reconciliation): string[] {
  if (typeof engineDefectRows !== 'number' || engineDefectRows === 0) return [];
  return [
    `ENGINE DEFECT: ${counted(engineDefectRows, 'row')} differ for no known reason. Report it, with --json of this command`,
  ];
}

/** A row a sum, a column a class: each row adds up to its difference. */
function classTable({ views }: Reconciliation, { width, bold }: Pick<Terminal, 'width' | 'bold'>): string[] {
  const names = classNames({ views });
  if (names.length === 0) return [];
  const rows = Object.entries(views).flatMap(([name, view]) => sumsOf(view).map((sum) => lineOf(name, view, sum, names)));
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const columns = [
    { title: 'view' },
    { title: 'measure' },
    right('difference'),
    ...names.map((name) => right(labelOfClass(name))),
  ];
  return [
    '',
    'differences by class; each line adds up, and may be nothing where rows cancel each other',
    renderWide({ columns, rows: rows.filter((row) => row.slice(2).some((cell) => cell !== '')), keys: 2 }, width, bold),
  ];
}

interface Sum {
  readonly measure: string;
  readonly currency: string;
  readonly difference: Integer;
}

function sumsOf({ totals, amounts = {}, classes = {} }: View): Sum[] {
  if (Object.keys(classes).length === 0) return [];
  const inCurrency = (of: Totals, currency: string): Sum[] =>
    Object.entries(of).map(([measure, { difference }]) => ({ measure, currency, difference }));
  const shown = new Set(Object.values(amounts).flatMap((of) => Object.keys(of)));
  return [
    ...inCurrency(totals, '').filter(({ measure }) => !shown.has(measure)),
    ...Object.entries(amounts).flatMap(([currency, of]) => inCurrency(of, currency)),
  ];
}

function lineOf(
  view: string,
  { classes = {} }: View,
  { measure, currency, difference }: Sum,
  names: readonly string[],
): string[] {
  const parts = names.map((name) => {
    const of = currency === '' ? classes[name]?.totals : classes[name]?.amounts[currency];
    const part = of?.[measure];
    return part === undefined || part.moved === 0 ? '' : figure(measure, part.difference, currency);
  });
  const label = measure.replace(/(Minor|Micros)$/, '');
  return [view, label, parts.every((part) => part === '') ? '' : figure(measure, difference, currency), ...parts];
}

function figure(measure: string, value: Integer, currency: string): string {
  if (/minor$/i.test(measure)) return money(value, currency);
  return /micros$/i.test(measure) ? conversions(value) : count(value);
}

/** How late events came, and of which days the late ones are. */
function lateness({ causes }: Reconciliation): string[] {
  if (causes?.lateness === undefined) return [];
  const { within, days, olderLate } = causes.lateness;
  const all = within.reduce((sum, { events }) => sum + events, 0);
  if (all === 0 || days.length === 0) return [];
  const came = within.filter(({ events }) => events > 0);
  const parts = came.map(({ ms, events }) => `${count(events)} ${ms === null ? 'later' : `within ${wholeSpan(ms)}`}`);
  const listed = days.slice(0, LISTED_DAYS).map(({ date, late }) => `${date} ${count(late)}`);
  const rest = days.slice(LISTED_DAYS).reduce((sum, { late }) => sum + late, olderLate);
  return [
    '',
    `how long after they happened ${counted(all, 'event')} came: ${parts.join(', ')}`,
    `late ones by day: ${[...listed, ...(rest > 0 ? [`older ${count(rest)}`] : [])].join(', ')}`,
  ];
}

/** Bounds are whole days, hours or minutes. */
function wholeSpan(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes % 1_440 === 0) return `${minutes / 1_440} d`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}

function changedConversions({ causes }: Reconciliation): string[] {
  if (causes === undefined || causes.conversions.length === 0) return [];
  const listed = causes.conversions.slice(0, LISTED_CONVERSIONS);
  const rest = causes.conversions.length - listed.length;
  // One of an earlier version does not say it.
  const more = causes.moreConversions ?? 0;
  return [
    '',
    'conversions that it has to do with, and their paths',
    ...listed.map(({ id, type, ts, valueMinor, currency, cause, touches }) => {
      const path = touches.slice(-LISTED_TOUCHES).map((touch) => `${touch.channel}${marked(touch.cause)}`);
      const steps = [...(touches.length > path.length ? ['…'] : []), ...path].join(' > ');
      return `  ${type} ${id}${marked(cause)}, ${instant(ts)}, ${money(valueMinor, currency)}: ${steps === '' ? 'no touch' : steps}`;
    }),
    ...(rest > 0 ? [`  and ${counted(rest, 'more conversion')} in --json`] : []),
    ...(more > 0 ? [`  and ${counted(more, 'older conversion')} that are not listed`] : []),
  ];
}

function marked(cause: string | undefined): string {
  return cause === undefined ? '' : ` (${labelOfClass(cause)})`;
}

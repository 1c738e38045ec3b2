/** A reconciliation (jobs/recompute) as text: whether readers saw what the batch computed, what may explain the rest, then each view. */
import { SEPARATOR } from '@tributary/attribution/data-driven/counts';
import type { Integer } from '@tributary/model/integer';
import type { Reconciliation } from '../api-types.ts';
import { conversions, count, counted, instant, money, percent } from '../terminal/figures.ts';
import { renderWide, shortName } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { classesText } from './reconciliation-classes.ts';

type Screen = Pick<Terminal, 'width' | 'bold'>;

type ViewComparison = Reconciliation['views'][string];
type BeforeAfter = ViewComparison['totals'][string];

/** Rows of one view listed, at most; `--json` has all that the report keeps. */
const LISTED = 10;

/** `isWhole`: views whose rows are all equal stand in the table as well. */
export function reconciliationText(report: Reconciliation, screen: Screen, isWhole: boolean): string {
  const differing = Object.entries(report.views).filter(([, view]) => isOff(view));
  const views = isWhole ? report.views : Object.fromEntries(differing);
  return [
    headline(report),
    ...movedLine(report),
    ...reasons(report),
    ...classesText(report, screen),
    ...(Object.keys(views).length > 0 ? ['', totalsTable({ views }, screen), ...totalsNote({ views })] : []),
    ...(isWhole ? [] : equalSums(report)),
    ...differing.flatMap(([name, view]) => (view.rowsDiffering > 0 ? ['', rowsTable(name, view, screen)] : [])),
  ].join('\n');
}

function isOff(view: ViewComparison): boolean {
  return view.rowsDiffering > 0 || figuresOf(view).some(([, , { difference }]) => Number(difference) !== 0);
}

/** In place of their lines, which are a hundred where pages are counted. */
function equalSums({ views }: Reconciliation): string[] {
  const equal = Object.values(views).filter((view) => !isOff(view));
  if (equal.length === 0) return [];
  const sums = equal.reduce((sum, view) => sum + figuresOf(view).length, 0);
  const isEach = equal.length === Object.keys(views).length;
  const which = `${isEach ? 'all ' : ''}${counted(sums, 'sum')} of ${counted(equal.length, isEach ? 'view' : 'other view')}`;
  return [`equal to the integer, row by row: ${which}; --all shows them`];
}

function headline({ generation, comparedWith, at, ...compared }: Reconciliation): string {
  const before = comparedWith === 0 ? 'real time alone' : `generation ${comparedWith} and real time`;
  return `generation ${generation} against ${before} (${instant(at)}): ${verdict(compared)}`;
}

type Compared = Pick<Reconciliation, 'equal' | 'failure' | 'engineDefectRows' | 'causes'>;

function verdict({ equal, failure, engineDefectRows, causes }: Compared): string {
  if (failure !== undefined) return `could not be compared: ${failure}`;
  if (equal) return 'readers saw exactly what the batch computed';
  const differs = 'readers saw something else than the batch computed';
  // Nothing is left of the differences but what single events caused.
  if (engineDefectRows === 0) return `${differs}: all of it is explained by events that came late or twice`;
  // A defect is not what anybody expects.
  const history = typeof engineDefectRows === 'number' ? undefined : loadedHistory(causes);
  return history === undefined ? differs : `${differs}, as is expected when history is loaded: ${history}`;
}

/** Where most of what came late was sent as history. */
function loadedHistory(causes: Reconciliation['causes']): string | undefined {
  if (causes?.lateness === undefined) return undefined;
  const { days, olderLate, lateHistory = 0 } = causes.lateness;
  const late = days.reduce((sum, day) => sum + day.late, olderLate);
  return 2 * lateHistory > late ? `${count(lateHistory)} of ${counted(late, 'late event')} were sent as history` : undefined;
}

/** What `batch run --promote "if-below …"` looks at. */
export function movedLine({ moved }: Pick<Reconciliation, 'moved'>): string[] {
  if (typeof moved !== 'number' || moved === 0) return [];
  const share = moved < 0.0001 ? 'less than 0.01 %' : `at most ${percent(Math.ceil(moved * 10_000) / 10_000, 2)}`;
  return [`${share} of any sum of a view moves to other rows, comes or goes`];
}

const right = (title: string) => ({ title, align: 'right' }) as const;

/** As the columns before and after are called: what readers saw and what was computed, or what is and what would be. */
export type Sides = readonly [before: string, after: string];
export const SEEN: Sides = ['seen', 'computed'];

/** Amounts stand by currency. Those of an earlier version, which added currencies up, are plain decimals. */
export function totalsTable(
  { views }: Pick<Reconciliation, 'views'>,
  { width, bold }: Screen,
  [before, after]: Sides = SEEN,
): string {
  const rows = Object.entries(views).flatMap(([name, view]) =>
    figuresOf(view).map(([measure, currency, total], i) => [
      i === 0 ? name : '',
      labelOf(measure),
      ...[total.before, total.after, total.difference].map((value) => figure(measure, value, currency)),
      ...[view.rowsBefore, view.rowsAfter, view.rowsDiffering].map((number) => (i === 0 ? count(number) : '')),
    ]),
  );
  const columns = [
    { title: 'view' },
    { title: 'measure' },
    right(before),
    right(after),
    right('difference'),
    right(`rows ${before}`),
    right(`rows ${after}`),
    right('differing'),
  ];
  return renderWide({ columns, rows, keys: 2 }, width, bold);
}

/** A measure a row, and amounts a row for each currency. */
function figuresOf({ totals, amounts = {} }: ViewComparison): [measure: string, currency: string, total: BeforeAfter][] {
  const byCurrency = Object.entries(amounts).flatMap(([currency, ofCurrency]) =>
    Object.entries(ofCurrency).map(([measure, total]): [string, string, BeforeAfter] => [measure, currency, total]),
  );
  const shown = new Set(byCurrency.map(([measure]) => measure));
  const others = Object.entries(totals).filter(([measure]) => !shown.has(measure));
  return [...others.map(([measure, total]): [string, string, BeforeAfter] => [measure, '', total]), ...byCurrency];
}

export function totalsNote({ views }: Pick<Reconciliation, 'views'>): string[] {
  const notes = [
    ...(Object.values(views).some(
      ({ totals, amounts }) => amounts === undefined && Object.keys(totals).some((m) => MONEY.test(m)),
    )
      ? ['totals of money add all currencies up']
      : []),
    ...('credit' in views ? ['credit and its value are summed over the models: each model hands out all of it once'] : []),
  ];
  return notes.length === 0 ? [] : [`(${notes.join('; ')})`];
}

export function rowsTable(name: string, view: ViewComparison, { width, bold }: Screen, [before, after]: Sides = SEEN): string {
  const listed = view.rows.slice(0, LISTED);
  const dimensions = Object.keys(listed[0]?.key ?? {});
  const rows = listed.flatMap(({ key, measures }, i) =>
    Object.entries(measures)
      .filter(([, { difference }]) => difference !== 0)
      .map(([measure, { before: had, after: has, difference }]) => [
        String(i + 1),
        ...dimensions.map((dimension) => shortName(names(dimension, key[dimension] ?? ''))),
        labelOf(measure),
        ...[had, has, difference].map((value) => figure(measure, value, key['currency'] ?? '')),
      ]),
  );
  const columns = [
    right('#'),
    ...dimensions.map((title) => ({ title })),
    { title: 'measure' },
    right(before),
    right(after),
    right('difference'),
  ];
  const rest = view.rowsDiffering > listed.length ? `\nand ${counted(view.rowsDiffering - listed.length, 'more row')}` : '';
  return `${name}, the largest differences\n${renderWide({ columns, rows }, width, bold)}${rest}`;
}

function partitions(numbers: readonly number[]): string {
  return `${numbers.length === 1 ? 'partition' : 'the partitions'} ${numbers.join(', ')}`;
}

function reasons({ because, causes, equal }: Reconciliation): string[] {
  const { lateEvents, duplicates, overflowedUsers, definitionsChanged, corrections = [], cutApart = [], speedBehind } = because;
  const found = [
    ...foundOf(causes),
    ...(lateEvents > 0 ? [`at most ${counted(lateEvents, 'late event')} (copies counted)`] : []),
    ...(duplicates > 0 ? [`the batch found ${counted(duplicates, 'duplicate')} in all it read`] : []),
    ...(overflowedUsers > 0 ? [`${counted(overflowedUsers, 'user')} outgrew the bound of the speed layer`] : []),
    ...(definitionsChanged ? ['the definitions changed'] : []),
    ...corrections.map(
      ({ name, before, after }) => `the correction "${name}" applies to ${counted(after, 'event')}, to ${before} before`,
    ),
    ...(cutApart.length > 0 ? [`the layers were cut at two copies of a barrier in ${partitions(cutApart)}`] : []),
    ...(speedBehind.length > 0 ? [`real time had not read up to the cut in ${partitions(speedBehind)}`] : []),
  ];
  if (found.length === 0)
    return [equal ? 'nothing was late, duplicate or missing' : 'none of the known reasons applies: this is worth a look'];
  return [
    equal ? 'seen since the cut before, without effect:' : 'what can explain it:',
    ...found.map((reason) => `  ${reason}`),
    ...(!equal && lateEvents > 0
      ? ['A difference is expected after late events: correcting them is what the batch layer is for.']
      : []),
  ];
}

/** What was found event by event, where the reconciliation looked for it. */
function foundOf(causes: Reconciliation['causes']): string[] {
  if (causes === undefined) return [];
  const { events, unexamined, doubted } = causes;
  return [
    ...(events.late > 0 ? [`${counted(events.late, 'event')} came late`] : []),
    ...(events.beyondRetention > 0
      ? [`${counted(events.beyondRetention, 'event')} came when real time had let go of their time`]
      : []),
    ...(events.duplicate > 0
      ? [`${counted(events.duplicate, 'event')} came again under another instant, when the first was let go of`]
      : []),
    ...(unexamined > 0
      ? [
          `at least ${counted(unexamined, 'user')} were not examined: there are too many of them or of their events (TRIBUTARY_BATCH_EXAMINE_EVENTS of the recompute workers lets later runs examine more), or some of these were retired from the archive`,
        ]
      : []),
    ...(doubted > 0 ? [`${counted(doubted, 'event')} came so near the line that it is not known which side they are on`] : []),
  ];
}

const MONEY = /minor$/i;
const CREDIT = /micros$/i;

/** Names of measures end in their unit; what is shown is converted from it. */
function labelOf(measure: string): string {
  return measure.replace(MONEY, '').replace(CREDIT, '');
}

function figure(measure: string, value: Integer, currency: string): string {
  if (MONEY.test(measure)) return money(value, currency);
  return CREDIT.test(measure) ? conversions(value) : count(value);
}

/** A set of channels, or channels one after the other, as people read them. */
function names(dimension: string, value: string): string {
  return value.replaceAll(SEPARATOR, dimension === 'channels' ? ' + ' : ' > ');
}

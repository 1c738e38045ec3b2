/** Tables for people: aligned columns, numbers to the right, a rule above the total. */

const segmenter = new Intl.Segmenter();

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Sentences and paths: they go on in further lines where the table is too wide. */
  readonly wraps?: boolean;
}

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  readonly total?: readonly string[];
  /** Columns on the left that name a row, repeated where a wide table parts; default 1. */
  readonly keys?: number;
  /** The column before which a table that is too wide parts first. */
  readonly partsAt?: number;
}

/** Lines without trailing spaces. `head` styles the header line. */
export function renderTable(table: Table, head: (text: string) => string = (text) => text): string {
  const all = [table.columns.map((column) => column.title), ...table.rows, ...(table.total ? [table.total] : [])];
  const widths = table.columns.map((_, i) => Math.max(...all.map((row) => widthOf(row[i] ?? ''))));
  const line = (row: readonly string[]) =>
    table.columns
      .map((column, i) => pad(printable(row[i] ?? ''), widths[i] ?? 0, column.align ?? 'left'))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  const header = head(line(table.columns.map((column) => column.title)));
  return [header, rule, ...table.rows.map(line), ...(table.total ? [rule, line(table.total)] : [])].join('\n');
}

/**
 * A table of at most `maxWidth` columns on the screen: what does not fit goes into further tables under it, each with the
 * keys again. One column beside the keys is always shown, however wide.
 */
export function renderWide(table: Table, maxWidth: number, head?: (text: string) => string): string {
  const { columns, keys = 1 } = table;
  // A long key makes room for the other columns; any other long text has lines of its own in its part alone.
  const whole = columns.slice(0, keys).some(({ wraps }) => wraps === true) ? wrapped(table, maxWidth) : table;
  return blocksOf(whole, maxWidth)
    .map((block) => partOf(whole, block))
    .map((part) => renderTable(whole === table ? wrapped(part, maxWidth) : part, head))
    .join('\n\n');
}

/** Columns that wrapped text has at least. */
const LEAST_WRAPPED = 24;

/** With its long texts over several lines where it is wider than that. */
function wrapped(table: Table, maxWidth: number): Table {
  const at = table.columns.findIndex(({ wraps }) => wraps === true);
  const widths = widthsOf(table);
  const excess = widths.reduce((sum, width) => sum + width + 2, -2) - maxWidth;
  if (at < 0 || excess <= 0) return table;
  const room = Math.max(LEAST_WRAPPED, (widths[at] as number) - excess);
  const rows = table.rows.flatMap((row) =>
    linesOf(row[at] ?? '', room).map((line, i) => row.map((cell, column) => (column === at ? line : i === 0 ? cell : ''))),
  );
  return { ...table, rows };
}

/** Broken at spaces; what follows the first line is set in. */
export function linesOf(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && widthOf(line) + 1 + widthOf(word) <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(lines.length === 0 ? word : `  ${word}`);
  }
  return lines;
}

function widthsOf({ columns, rows, total }: Table): number[] {
  return columns.map(({ title }, i) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[i] ?? '')), widthOf(total?.[i] ?? '')),
  );
}

/** The columns of each part. */
function blocksOf(table: Table, maxWidth: number): number[][] {
  const { columns, keys = 1, partsAt } = table;
  const widths = widthsOf(table);
  const widthOfAll = (some: readonly number[]) => some.reduce((sum, i) => sum + (widths[i] as number) + 2, -2);
  const key = Array.from({ length: keys }, (_, i) => i);
  const all = columns.map((_, i) => i);
  if (widthOfAll(all) <= maxWidth) return [all];
  const blocks: number[][] = [];
  for (const i of all.slice(keys)) {
    const block = blocks.at(-1);
    if (block === undefined || i === partsAt || widthOfAll([...block, i]) > maxWidth) blocks.push([...key, i]);
    else block.push(i);
  }
  return blocks;
}

/** Without the total where it says nothing of these columns. */
function partOf({ columns, rows, total, keys = 1 }: Table, block: readonly number[]): Table {
  const of = (row: readonly string[]) => block.map((i) => row[i] ?? '');
  const sums = total === undefined ? [] : of(total);
  return {
    columns: block.map((i) => columns[i] as Column),
    rows: rows.map(of),
    ...(sums.slice(keys).some((cell) => cell !== '') ? { total: sums } : {}),
  };
}

/** Facts as `label  value` lines. `style` may colour a value, which it gets without control characters. `screen`: null: not known. */
export function renderFacts(
  facts: readonly (readonly [label: string, value: string])[],
  style = (_label: string, value: string): string => value,
  screen: number | null = null,
): string {
  const width = Math.max(...facts.map(([label]) => widthOf(label)));
  const room = roomBeside(width + 2, screen);
  return facts
    .flatMap(([label, value]) =>
      linesOf(printable(value), room).map((line, i) =>
        `${pad(i === 0 ? label : '', width, 'left')}  ${style(label, line)}`.trimEnd(),
      ),
    )
    .join('\n');
}

/** What a screen has left for text; all there is where it is not known. */
export function roomBeside(width: number, screen: number | null): number {
  return screen === null ? Number.POSITIVE_INFINITY : Math.max(LEAST_WRAPPED, screen - width);
}

/** What users put into events must not steer the terminal, nor turn its lines around: controls, marks of direction, line ends. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu, '\ufffd');
}

/** JSON escapes the oldest controls itself. The others are escaped where they stand, in strings, which says the same. */
export function printableJson(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Columns of a name in a table for people; CSV and JSON have all of it. */
const NAME_WIDTH = 40;

/** A channel's name: a long one is cut, or one of them would push every figure off the screen. */
export function shortName(name: string): string {
  return widthOf(printable(name)) <= NAME_WIDTH ? name : fit(name, NAME_WIDTH).trimEnd();
}

/** Exactly `width` columns: padded, or cut with an ellipsis. */
export function fit(text: string, width: number): string {
  const shown = printable(text);
  if (widthOf(shown) <= width) return pad(shown, width, 'left');
  let cut = '';
  for (const { segment } of segmenter.segment(shown)) {
    if (widthOf(cut + segment) > width - 1) break;
    cut += segment;
  }
  return pad(`${cut}…`, width, 'left');
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? space + text : text + space;
}

/** Columns on the screen, near enough: graphemes, the wide ones of East Asia and emoji as two. */
function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text))
    width +=
      /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(
        segment,
      )
        ? 2
        : 1;
  return width;
}

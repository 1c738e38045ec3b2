/** Tables for people: aligned columns, numbers to the right, a rule above the total. */

const segmenter = new Intl.Segmenter();

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  readonly total?: readonly string[];
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
 * first column again. One column more than the first is always shown, however wide.
 */
export function renderWide(table: Table, maxWidth: number, head?: (text: string) => string): string {
  const widths = table.columns.map((column, i) =>
    Math.max(widthOf(column.title), ...table.rows.map((row) => widthOf(row[i] ?? '')), widthOf(table.total?.[i] ?? '')),
  );
  const isWide = widths.reduce((sum, width) => sum + width + 2, -2) > maxWidth;
  const blocks: number[][] = [];
  let width = Number.POSITIVE_INFINITY;
  for (let i = 1; i < widths.length; i++) {
    width += 2 + (widths[i] as number);
    if (width > maxWidth || (isWide && i === table.partsAt)) {
      blocks.push([0]);
      width = (widths[0] as number) + 2 + (widths[i] as number);
    }
    blocks.at(-1)?.push(i);
  }
  const of = (row: readonly string[], block: readonly number[]) => block.map((i) => row[i] ?? '');
  return (blocks.length === 0 ? [[0]] : blocks)
    .map((block) =>
      renderTable(
        {
          columns: block.map((i) => table.columns[i] as Column),
          rows: table.rows.map((row) => of(row, block)),
          ...(table.total === undefined ? {} : { total: of(table.total, block) }),
        },
        head,
      ),
    )
    .join('\n\n');
}

/** Facts as `label  value` lines. `style` may colour a value, which it gets without control characters. */
export function renderFacts(
  facts: readonly (readonly [label: string, value: string])[],
  style = (_label: string, value: string): string => value,
): string {
  const width = Math.max(...facts.map(([label]) => widthOf(label)));
  return facts.map(([label, value]) => `${pad(label, width, 'left')}  ${style(label, printable(value))}`.trimEnd()).join('\n');
}

/** What users put into events must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd');
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

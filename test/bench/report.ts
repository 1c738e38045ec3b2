/** What a benchmark section reports, as a table for people and JSON for machines. */

export interface Figure {
  readonly section: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** The goal, and whether more or less is better; absent for a mere baseline. */
  readonly goal?: { readonly value: number; readonly better: 'more' | 'less' };
  /** What the figure was compared with in the same run. */
  readonly note?: string;
}

export function met({ value, goal }: Figure): boolean | undefined {
  if (goal === undefined) return undefined;
  return goal.better === 'more' ? value >= goal.value : value <= goal.value;
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.section,
    figure.figure,
    `${shown(figure.value)} ${figure.unit}`,
    figure.goal === undefined ? 'baseline' : `${figure.goal.better === 'more' ? '≥' : '≤'} ${shown(figure.goal.value)}`,
    { true: 'met', false: 'MISSED', undefined: '' }[String(met(figure))] ?? '',
    figure.note ?? '',
  ]);
  const header = ['section', 'figure', 'measured', 'goal', '', 'note'];
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] as number))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

function shown(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return value >= 10 ? value.toFixed(1) : value.toFixed(3);
}

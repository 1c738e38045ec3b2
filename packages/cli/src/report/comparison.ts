/** What other definitions would change, as text: how much moves, which corrections apply, then each view. */
import type { AnswerOf } from '../api-types.ts';
import { counted } from '../terminal/figures.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { movedLine, rowsTable, totalsNote, totalsTable } from './reconciliation.ts';

export type Comparison = AnswerOf<'archiveComparison'>;

export const SIDES = ['now', 'then'] as const;

export function comparisonText(comparison: Comparison, screen: Pick<Terminal, 'width' | 'bold'>): string {
  const { generation, definitions, equal, recounted, corrections, views } = comparison;
  const differing = Object.entries(views).filter(([, view]) => view.rowsDiffering > 0);
  const changed = Object.fromEntries(differing);
  const verdict = equal ? 'no row would change' : `${counted(differing.length, 'view')} would change`;
  return [
    definitions.after === definitions.before
      ? `generation ${generation} has these definitions (${definitions.after}) already: ${verdict}`
      : `generation ${generation} under the definitions ${definitions.after}, not ${definitions.before}: ${verdict}`,
    ...movedLine(comparison),
    ...corrections.map(
      ({ name, before, after }) => `the correction "${name}" would apply to ${counted(after, 'event')}, to ${before} now`,
    ),
    ...(recounted !== null && recounted > 0 ? [`${counted(recounted, 'event')} would count otherwise`] : []),
    ...(differing.length > 0 ? ['', totalsTable({ views: changed }, screen, SIDES), ...totalsNote({ views: changed })] : []),
    ...differing.flatMap(([name, view]) => ['', rowsTable(name, view, screen, SIDES)]),
  ].join('\n');
}

import { CELL_NUMBERS } from '@tributary/model/reading/plain-report';
import { CLICK_KINDS } from '@tributary/model/web';
import { joined, type PartedView } from '../parted-rows.ts';
import { type View, WEB_EVENT } from '../view.ts';
import { CELLS_OF_BOX, type WebEvent } from '../web/web-event.ts';

const KINDS = [...CLICK_KINDS, 'move'] as const;

function tailOf(kind: (typeof KINDS)[number], cell: number): number {
  return KINDS.indexOf(kind) * CELLS_OF_BOX + cell;
}

const MOVE = tailOf('move', 0);
/** Those of one row after another: a report has dozens. */
const MEASURES = [0];

const parted: PartedView<WebEvent> = {
  tails: KINDS.flatMap((kind) => Array.from({ length: CELLS_OF_BOX }, (_, cell) => `\t${kind}\t${cell}`)),
  rows(event, emit) {
    const { isBot } = event;
    const { inLayout } = event.keys;
    if (isBot) return;
    if (event.type === 'click' && event.kind !== undefined && event.cell !== undefined)
      emit(inLayout, event.element, tailOf(event.kind, event.cell), [1]);
    if (event.type !== 'activity') return;
    const { names, numbers } = event.cells;
    for (let i = 0, at = 0; i < names.length; i++, at += CELL_NUMBERS) {
      const ms = numbers[at + 1] as number;
      MEASURES[0] = ms;
      if (ms > 0) emit(inLayout, names[i] as string, MOVE + (numbers[at] as number), MEASURES);
    }
  },
};

export const heat = {
  name: 'heat',
  counts:
    'where in the boxes of elements people click (a count) and move (ms), in cells of 16 × 16, 16 × 64 for moves over tall ones, by rows',
  dimensions: ['day', 'page', 'layout', 'element', 'kind', 'cell'],
  measures: ['n'],
  lens: WEB_EVENT,
  countsWeb: true,
  rows: joined(parted),
  parted,
} as const satisfies View<WebEvent>;

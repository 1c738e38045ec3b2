/** Values as JSON, as `exactJson` writes them, without asking each key and value what it is. */
import type { Cell, Item, SegmentValue, SignalValue } from './value.ts';

/** `most` characters: a longer list ends there, anywhere, for a caller who refuses it. */
export function valueText(value: SignalValue, most: number): string {
  if (typeof value !== 'object' || value === null) return cellText(value);
  return isList(value) ? listText(value, most) : segmentText(value);
}

function isList(value: readonly Item[] | SegmentValue): value is readonly Item[] {
  return Array.isArray(value);
}

/** Numbers are finite. */
function cellText(cell: Cell): string {
  return typeof cell === 'string' ? JSON.stringify(cell) : String(cell);
}

/** Keys are names of fields, which need no escape. */
function listText(items: readonly Item[], most: number): string {
  let text = '[';
  for (const item of items) {
    if (text.length > most) break;
    text += text.length === 1 ? '{' : ',{';
    let isFirst = true;
    for (const name in item) {
      text += `${isFirst ? '' : ','}"${name}":${cellText(item[name] as Cell)}`;
      isFirst = false;
    }
    text += '}';
  }
  return `${text}]`;
}

function segmentText({ member, since, until, episodes }: SegmentValue): string {
  const over = episodes.map(({ from, to }) => `{"from":${from},"to":${to}}`).join(',');
  return `{"member":${member},"since":${since},"until":${until},"episodes":[${over}]}`;
}

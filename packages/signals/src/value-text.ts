/** Values as JSON, as `exactJson` writes them, without asking each key and value what it is. */
import { exactJson } from '@tributary/model/exact-json';
import type { Cell, Item, SegmentValue, SignalValue } from './value.ts';

/** `most` characters: a longer list ends there, anywhere, for a caller who refuses it. */
export function valueText(value: SignalValue, most: number): string {
  if (typeof value !== 'object' || value === null) return cellText(value);
  if (isList(value)) return value.length > FEW ? listText(value, most) : exactJson(value);
  return segmentText(value);
}

/** Up to this many items are written by the engine, in half of the time; the text of more ends where it passes `most`. */
const FEW = 32;

function isList(value: readonly Item[] | SegmentValue): value is readonly Item[] {
  return Array.isArray(value);
}

/** Numbers are finite. */
function cellText(cell: Cell): string {
  return typeof cell === 'string' ? quoted(cell) : String(cell);
}

/** Longer texts are quicker looked through by the engine. */
const MOST_LOOKED_THROUGH = 64;

/** As JSON.stringify, which alone writes what may need an escape. */
function quoted(text: string): string {
  if (text.length > MOST_LOOKED_THROUGH) return JSON.stringify(text);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return JSON.stringify(text);
  }
  return `"${text}"`;
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

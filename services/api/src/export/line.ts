/** A line of an export: what is stored, and where. */
import type { SubjectPlaceName } from '@tributary/runtime/subjects/places';
import type { Whose } from './whose.ts';

export type From = Readonly<Record<string, unknown>>;

/** A line, or that something could not be read; `isHole`: so the export is not complete. */
export type Found =
  | { readonly place: SubjectPlaceName; readonly json: string }
  | { readonly place: SubjectPlaceName; readonly json: string; readonly isHole: boolean };

/** `of` anybody else: what is stored is not shown, only that it is there. */
export function found(place: SubjectPlaceName, from: From, whose: Whose, holds: { readonly [name: string]: unknown }): Found {
  return { place, json: JSON.stringify({ place, from, ...(whose === 'own' ? holds : { withheld: WITHHELD[whose] }) }) };
}

const WITHHELD: Readonly<Record<Exclude<Whose, 'own'>, string>> = {
  named: 'it is of another user, or of none, and names this one: an administrator decides whether it may be handed out',
  text: 'it cannot be read as an event, and this key is somewhere in it: an administrator decides whose it is',
};

/** A text that is JSON is put in as it is, with all its digits. */
export function foundText(place: SubjectPlaceName, from: From, whose: Whose, name: string, text: string): Found {
  if (whose !== 'own' || !text.startsWith('{')) return found(place, from, whose, { [name]: text });
  return { place, json: `${JSON.stringify({ place, from }).slice(0, -1)},${JSON.stringify(name)}:${text}}` };
}

export function unread(place: SubjectPlaceName, from: From, why: string, isHole: boolean): Found {
  return { place, json: JSON.stringify({ place, from, unread: why }), isHole };
}

/** The event types that a term may be true for, as far as it says so by itself: an event of another type need not be asked. */
import type { Term } from './term.ts';

/** null: any. A term of another type than these is never true; one of these may be. */
export function typesOf(term: Term): ReadonlySet<string> | null {
  switch (term.op) {
    case 'literal':
      return term.value === false ? NONE : null;
    case 'compare':
      return term.sign === '==' ? (namedIn(term.left, term.right) ?? namedIn(term.right, term.left)) : null;
    case 'in':
      return isType(term.item) ? new Set(term.list.map(String)) : null;
    case 'and': {
      const [left, right] = [typesOf(term.left), typesOf(term.right)];
      return left === null ? right : right === null ? left : new Set([...left].filter((type) => right.has(type)));
    }
    case 'or': {
      const [left, right] = [typesOf(term.left), typesOf(term.right)];
      return left === null || right === null ? null : new Set([...left, ...right]);
    }
    default:
      return null;
  }
}

/** The event types that a term names anywhere. */
export function typesNamed(term: Term): readonly string[] {
  switch (term.op) {
    case 'compare':
      return [...(namedIn(term.left, term.right) ?? namedIn(term.right, term.left) ?? [])];
    case 'in':
      return isType(term.item) ? term.list.map(String) : [];
    case 'and':
    case 'or':
      return [...typesNamed(term.left), ...typesNamed(term.right)];
    case 'not':
      return typesNamed(term.of);
    case 'if':
      return [term.condition, term.yes, term.no].flatMap(typesNamed);
    default:
      return [];
  }
}

const NONE: ReadonlySet<string> = new Set();

function isType(term: Term): boolean {
  return term.op === 'field' && term.name === 'type';
}

function namedIn(field: Term, literal: Term): ReadonlySet<string> | null {
  return isType(field) && literal.op === 'literal' ? new Set([String(literal.value)]) : null;
}

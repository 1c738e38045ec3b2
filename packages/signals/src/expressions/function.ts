/** A term as a function of an event. */
import type { Event } from '@tributary/model/event';
import { compareText } from '../text-order.ts';
import type { Fields, Scalar } from './fields.ts';
import type { Comparison, Term, TextTest } from './term.ts';

/** Whether the expression holds for the event. */
export type Predicate = (event: Event) => boolean;

type Cell = (event: Event) => Scalar | undefined;

export function predicateOf(term: Term, fields: Fields): Predicate {
  const cell = cellOf(term, fields);
  return (event) => cell(event) === true;
}

function cellOf(term: Term, fields: Fields): Cell {
  const part = (of: Term) => cellOf(of, fields);
  switch (term.op) {
    case 'literal':
      return () => term.value;
    case 'field':
      return readerOf(term.name, fields);
    case 'present': {
      const read = readerOf(term.field.name, fields);
      return (event) => read(event) !== undefined;
    }
    case 'compare':
      return compared(term.sign, part(term.left), part(term.right));
    case 'in': {
      const list: ReadonlySet<Scalar> = new Set(term.list);
      return lifted(part(term.item), (value) => list.has(value));
    }
    case 'and':
      return joined(part(term.left), part(term.right), false);
    case 'or':
      return joined(part(term.left), part(term.right), true);
    case 'not':
      return lifted(part(term.of), (value) => value === false);
    case 'if':
      return chosen(part(term.condition), part(term.yes), part(term.no));
    case 'text':
      return tested(TESTS[term.test], part(term.of), part(term.part));
  }
}

function readerOf(name: string, fields: Fields): Cell {
  const field = fields.get(name);
  if (field === undefined) throw new Error(`a checked expression names the unknown field ${name}`);
  return field.read;
}

function lifted(of: Cell, then: (value: Scalar) => Scalar): Cell {
  return (event) => {
    const value = of(event);
    return value === undefined ? undefined : then(value);
  };
}

/** One side decides alone where it is `decides`. */
function joined(left: Cell, right: Cell, decides: boolean): Cell {
  return (event) => {
    const first = left(event);
    if (first === decides) return decides;
    const second = right(event);
    if (second === decides) return decides;
    return first === undefined || second === undefined ? undefined : !decides;
  };
}

function chosen(condition: Cell, yes: Cell, no: Cell): Cell {
  return (event) => {
    const holds = condition(event);
    return holds === undefined ? undefined : holds === true ? yes(event) : no(event);
  };
}

const ORDERS: Readonly<Record<Comparison, (order: number) => boolean>> = {
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

function compared(sign: Comparison, left: Cell, right: Cell): Cell {
  if (sign === '==') return both(left, right, (a, b) => a === b);
  if (sign === '!=') return both(left, right, (a, b) => a !== b);
  const holds = ORDERS[sign];
  return both(left, right, (a, b) => holds(typeof a === 'string' ? compareText(a, b as string) : (a as number) - (b as number)));
}

const TESTS: Readonly<Record<TextTest, (text: string, part: string) => boolean>> = {
  contains: (text, part) => text.includes(part),
  startsWith: (text, part) => text.startsWith(part),
  endsWith: (text, part) => text.endsWith(part),
};

function tested(test: (text: string, part: string) => boolean, of: Cell, part: Cell): Cell {
  return both(of, part, (text, given) => test(text as string, given as string));
}

function both(left: Cell, right: Cell, then: (a: Scalar, b: Scalar) => boolean): Cell {
  return (event) => {
    const a = left(event);
    if (a === undefined) return undefined;
    const b = right(event);
    return b === undefined ? undefined : then(a, b);
  };
}

/** CEL text to a checked term. The library parses it and checks its types; what it computes is decided here (term.ts). */
import { createRequire } from 'node:module';
import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import type { Fields, FieldType, Scalar } from './fields.ts';
import type { Comparison, FieldTerm, Term, TextTest } from './term.ts';

/** UTF-16 units of one expression. */
export const MOST_LENGTH = 1_000;
/** With this many nodes an event costs a few microseconds: nothing in an expression repeats. */
const LIMITS = { maxAstNodes: 200, maxDepth: 24, maxListElements: 100, maxMapEntries: 0, maxCallArguments: 4 };

type Library = typeof import('@marcbachmann/cel-js');

let loaded: Library | undefined;

/** Loaded with the first condition, or field of `properties`: a process whose definitions have none starts without it, and has its memory free. */
function library(): Library {
  loaded ??= createRequire(import.meta.url)('@marcbachmann/cel-js') as Library;
  return loaded;
}

/** Why a text is not an expression; `at`: the character where, from 0. */
export class ExpressionTrouble extends Error {
  readonly at: number;
  constructor(message: string, at = 0) {
    super(message);
    this.at = at;
  }
}

export interface ExpressionParser {
  /** Throws `ExpressionTrouble`. */
  parse(text: string): Term;
}

/** `type` names the types of CEL itself; our field goes by a name of the same length that no field can have. */
const TYPE = 'type';
const OUR_TYPE = '_typ';

/** One type for numbers, so that `price == 3` is a question: CEL would ask for `3.0`. Whole numbers are exact up to 2^53 in it, and none is larger here. */
const CEL_TYPES: Readonly<Record<FieldType, string>> = { text: 'string', integer: 'double', number: 'double', boolean: 'bool' };
const COMPARISONS: ReadonlySet<string> = new Set<Comparison>(['==', '!=', '<', '<=', '>', '>=']);
const TEXT_TESTS: ReadonlySet<string> = new Set<TextTest>(['contains', 'startsWith', 'endsWith']);

export const TAKEN =
  '==, !=, <, <=, >, >=, in [..], &&, ||, !, ?:, contains, startsWith, endsWith and present(field) are taken, with fields, text, numbers, true and false';

/** Whether a field may have this name: CEL has words of its own. */
export function isFreeName(name: string): boolean {
  try {
    const env = new (library().Environment)().registerVariable(name, 'string');
    return env.check(`${name} == 'a'`).valid;
  } catch {
    return false;
  }
}

export function createParser(fields: Fields): ExpressionParser {
  const environment = () => {
    const env = new (library().Environment)({ limits: LIMITS });
    for (const [name, { type }] of fields) env.registerVariable(name === TYPE ? OUR_TYPE : name, CEL_TYPES[type]);
    return env.registerFunction('present(dyn): bool', () => false);
  };
  let known: Environment | undefined;
  return {
    parse(text) {
      if (text.length > MOST_LENGTH) throw new ExpressionTrouble(`it is longer than ${MOST_LENGTH} characters`);
      known ??= environment();
      const env = known;
      const { ast } = parsed(env, text);
      const { checked, written } = asChecked(text, ast);
      const { valid, type, error } = env.check(checked);
      if (!valid) throw new ExpressionTrouble(wordsOf(error), written(error?.range?.start ?? 0));
      if (type !== 'bool') throw new ExpressionTrouble(`it gives ${ourTypes(String(type))}, and true or false is needed`);
      return termOf(ast, fields);
    },
  };
}

function parsed(env: Environment, text: string): { readonly ast: ASTNode } {
  try {
    return env.parse(text);
  } catch (cause) {
    const { range } = cause as { readonly range?: { readonly start: number } };
    throw new ExpressionTrouble(wordsOf(cause), range?.start);
  }
}

/** The first line: the rest draws the place. */
function wordsOf(cause: unknown): string {
  const { summary, message } = cause as { readonly summary?: string; readonly message: string };
  const line = ((summary ?? message).split('\n')[0] ?? '').replaceAll(OUR_TYPE, TYPE);
  return line.startsWith('no such overload') ? ourTypes(line) : line;
}

function ourTypes(words: string): string {
  return words
    .replaceAll(/\bdouble\b/g, 'number')
    .replaceAll(/\bstring\b/g, 'text')
    .replaceAll(/\bbool\b/g, 'boolean');
}

/** What the library checks: our field `type` under its other name, and whole numbers as numbers. `written`: from a character of it to that of `text`. */
function asChecked(text: string, root: ASTNode): { readonly checked: string; readonly written: (at: number) => number } {
  const edits: { readonly start: number; readonly end: number; readonly by: string }[] = [];
  const nodes = [root];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    const { start, end } = node;
    if (node.op === 'id' && node.args === TYPE) edits.push({ start, end, by: OUR_TYPE });
    else if (node.op === 'value' && typeof node.args === 'bigint')
      edits.push({ start, end, by: `${literal(node.args, node).value}.0` });
    else nodes.push(...nodesIn(node.args));
  }
  edits.sort((a, b) => a.start - b.start);
  let checked = '';
  let at = 0;
  for (const { start, end, by } of edits) {
    checked += text.slice(at, start) + by;
    at = end;
  }
  const written = (inChecked: number) => {
    let longer = 0;
    for (const { start, end, by } of edits)
      if (start + longer + by.length <= inChecked) longer += by.length - (end - start);
      else break;
    return inChecked - longer;
  };
  return { checked: checked + text.slice(at), written };
}

function nodesIn(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(nodesIn);
  return typeof args === 'object' && args !== null && 'op' in args ? [args as ASTNode] : [];
}

function termOf(node: ASTNode, fields: Fields): Term {
  const part = (of: ASTNode) => termOf(of, fields);
  const { op } = node;
  if (op === 'value') return literal(node.args, node);
  if (op === 'id') return fieldTerm(node.args, fields, node);
  if (op === '-_' && node.args.op === 'value') return negative(literal(node.args.args, node));
  if (op === '!_') return { op: 'not', type: 'boolean', of: part(node.args) };
  if (op === '&&' || op === '||') {
    const [left, right] = node.args;
    return { op: op === '&&' ? 'and' : 'or', type: 'boolean', left: part(left), right: part(right) };
  }
  if (op === '?:') {
    const [condition, yes, no] = [part(node.args[0]), part(node.args[1]), part(node.args[2])];
    return { op: 'if', type: yes.type, condition, yes, no };
  }
  if (op === 'in' && node.args[1].op === 'list') return inList(part(node.args[0]), node.args[1].args, node);
  if (isComparison(node)) return compared(node.op, part(node.args[0]), part(node.args[1]), node);
  if (op === 'rcall' && TEXT_TESTS.has(node.args[0]) && node.args[2].length === 1) {
    const [of, given] = [part(node.args[1]), part(node.args[2][0] as ASTNode)];
    if (of.type === 'text' && given.type === 'text')
      return { op: 'text', type: 'boolean', test: node.args[0] as TextTest, of, part: given };
  }
  if (op === 'call' && node.args[0] === 'present') {
    const [of] = node.args[1];
    if (of?.op === 'id') return { op: 'present', type: 'boolean', field: fieldTerm(of.args, fields, of) };
  }
  throw new ExpressionTrouble(`${JSON.stringify(textOf(node))} is not taken: ${TAKEN}`, node.start);
}

function isComparison(node: ASTNode): node is Extract<ASTNode, { readonly op: Comparison }> {
  return COMPARISONS.has(node.op);
}

function fieldTerm(name: string, fields: Fields, node: ASTNode): FieldTerm {
  const field = fields.get(name);
  if (field === undefined) throw new ExpressionTrouble(`${JSON.stringify(name)} is not a field of events`, node.start);
  return { op: 'field', type: field.type, name, ...(field.steps !== undefined && { steps: field.steps }) };
}

function literal(value: unknown, node: ASTNode): Extract<Term, { op: 'literal' }> {
  if (typeof value === 'string' && !value.isWellFormed())
    throw new ExpressionTrouble('a text must be valid Unicode (got a lone surrogate)', node.start);
  if (typeof value === 'string') return { op: 'literal', type: 'text', value };
  if (typeof value === 'boolean') return { op: 'literal', type: 'boolean', value };
  if (typeof value === 'number' && Number.isFinite(value)) return { op: 'literal', type: 'number', value };
  if (typeof value === 'bigint' && Number.isSafeInteger(Number(value)))
    return { op: 'literal', type: 'integer', value: Number(value) };
  throw new ExpressionTrouble(`${JSON.stringify(textOf(node))} is not taken: ${TAKEN}`, node.start);
}

function negative(term: Extract<Term, { op: 'literal' }>): Term {
  return typeof term.value === 'number' ? { ...term, value: 0 - term.value } : term;
}

function inList(item: Term, list: readonly ASTNode[], node: ASTNode): Term {
  const values = list.map((element): Scalar => {
    const isNegative = element.op === '-_' && element.args.op === 'value';
    if (element.op !== 'value' && !isNegative)
      throw new ExpressionTrouble(`a list must hold values alone (got ${JSON.stringify(textOf(element))})`, element.start);
    const term = termOf(element, new Map());
    return (term as Extract<Term, { op: 'literal' }>).value;
  });
  if (values.length === 0) throw new ExpressionTrouble('a list must have a value', node.start);
  return { op: 'in', type: 'boolean', item, list: values };
}

function compared(sign: Comparison, left: Term, right: Term, node: ASTNode): Term {
  const isOrder = sign !== '==' && sign !== '!=';
  if (isOrder && (left.type === 'boolean' || right.type === 'boolean'))
    throw new ExpressionTrouble('true and false have no order', node.start);
  return { op: 'compare', type: 'boolean', sign, left, right };
}

function textOf({ input, start, end }: ASTNode): string {
  return input.slice(start, Math.min(end, start + 60));
}

/**
 * YAML 1.2 as people write it, as JSON: maps, lists, texts, numbers, true, false and null. Tags and other versions of YAML are refused, as what
 * they make of a text is not what is read there. An alias stands for what its anchor names, and what all of them stand for is bounded: nine lines can
 * name a thousand million values.
 */
import { TributaryError } from '@tributary/model/errors';
import { refusalText } from '@tributary/model/refusal';
import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import { type KeyPlace, LONGEST_PATH } from './json-places.ts';

/** UTF-16 units of a text, and of its JSON with aliases written out: YAML of this size takes half a second at worst. */
export const MOST_CHARACTERS = 262_144;
/** As in JSON: no configuration is nested deeper. */
const DEEPEST = 100;

export interface JsonOfYaml {
  readonly json: string;
  /** In the order of the text; what an alias stands for has the place of the alias. */
  readonly places: readonly KeyPlace[];
}

/** Throws `invalid_definitions`. */
export function demandShort({ length }: string): void {
  if (length > MOST_CHARACTERS)
    throw new TributaryError(
      'invalid_definitions',
      refusalText({ field: 'the definitions', must: `have at most ${MOST_CHARACTERS} characters`, got: 'more' }),
    );
}

/** Throws `invalid_definitions` with line and column. A byte order mark is passed over. */
export function jsonOfYaml(text: string): JsonOfYaml {
  demandShort(text);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    // `silent` would pass over a second document.
    logLevel: 'error',
    merge: false,
    prettyErrors: false,
    schema: 'core',
    // Its own search for them takes the square of their number; `keys` below looks for them.
    uniqueKeys: false,
    version: '1.2',
  });
  const trouble = (at: number, what: string, fix?: string) => {
    const { line, col } = lines.linePos(at);
    const got = `line ${line}, column ${col}: ${what}`;
    return new TributaryError(
      'invalid_definitions',
      refusalText({ field: 'the definitions', must: 'be YAML', got, ...(fix !== undefined && { fix }) }),
    );
  };
  const [error] = document.errors;
  if (error !== undefined) throw trouble(error.pos[0], ...wordsOf(error));
  if (document.directives.yaml.version !== '1.2')
    throw trouble(0, `it says that it is YAML ${document.directives.yaml.version}`, 'Remove the line that begins with %YAML');
  const walk = createWalk(trouble, (at) => lines.linePos(at));
  const json = walk.value(document.contents, '', 0);
  return { json, places: walk.places };
}

type Trouble = (at: number, what: string, fix?: string) => TributaryError;

/** The library's words, where they help. */
function wordsOf({ code, message }: { readonly code: string; readonly message: string }): [what: string, fix?: string] {
  if (message.includes('call stack')) return [`more than ${DEEPEST} levels stand in each other`, 'Nest less'];
  if (code === 'TAB_AS_INDENT') return ['a tab cannot indent', 'Use spaces'];
  if (code === 'MULTIPLE_DOCS') return ['a second document begins', 'Keep one of them'];
  if (code === 'BLOCK_AS_IMPLICIT_KEY') return ['a value has a second ": " in its line', 'Put quotes around the value'];
  return [(message.split('\n')[0] ?? '').replace(/\.$/, '')];
}

function createWalk(trouble: Trouble, placeOf: (at: number) => { readonly line: number; readonly col: number }) {
  const places: KeyPlace[] = [];
  const anchors = new Map<string, ParsedNode>();
  /** Those that are being written: an alias to one of them would not end. */
  const open = new Set<ParsedNode>();
  let characters = 0;
  /** Where the alias stands whose value is being written; null: outside of aliases. */
  let aliasAt: number | null = null;

  const add = (json: string, at: number) => {
    characters += json.length;
    if (characters > MOST_CHARACTERS)
      throw trouble(
        at,
        `with aliases written out it has more than ${MOST_CHARACTERS} characters`,
        'Write less, or use fewer aliases',
      );
    return json;
  };

  function value(node: ParsedNode | null, path: string, depth: number): string {
    if (node === null) return 'null';
    const at = aliasAt ?? node.range[0];
    if (depth > DEEPEST) throw trouble(at, `more than ${DEEPEST} levels stand in each other`, 'Nest less');
    if (node.tag !== undefined) throw trouble(at, `it has the tag ${JSON.stringify(node.tag.slice(0, 60))}`, 'Remove it');
    if (isAlias(node)) return aliased(node.source, at, path, depth);
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isScalar(node)) return add(scalar(node, at), at);
    open.add(node);
    const json = isMap(node)
      ? map(node as YAMLMap<ParsedNode, ParsedNode | null>, path, depth)
      : isSeq(node)
        ? list(node.items, path, depth)
        : 'null';
    open.delete(node);
    return json;
  }

  function aliased(name: string, at: number, path: string, depth: number): string {
    const meant = anchors.get(name);
    if (meant === undefined) throw trouble(at, `the alias *${name.slice(0, 60)} names no anchor before it`);
    if (open.has(meant)) throw trouble(at, `the alias *${name.slice(0, 60)} stands within what it names`, 'Write it out');
    const before = aliasAt;
    aliasAt = at;
    const json = value(meant, path, depth + 1);
    aliasAt = before;
    return json;
  }

  function scalar({ value: given }: Scalar, at: number): string {
    if (typeof given === 'number' && !Number.isFinite(given)) throw trouble(at, `${given} is not a number that JSON has`);
    return JSON.stringify(given ?? null);
  }

  function map({ items }: YAMLMap<ParsedNode, ParsedNode | null>, path: string, depth: number): string {
    const names = new Set<string>();
    const members = items.map(({ key, value: of }) => {
      const at = aliasAt ?? key.range[0];
      if (key.tag !== undefined || !isScalar(key)) throw trouble(at, 'a key must be a name', 'Put quotes around it');
      const name = typeof key.value === 'string' ? key.value : (key.source ?? '');
      if (names.has(name))
        throw trouble(at, `the key ${JSON.stringify(name.slice(0, 60))} stands there twice`, 'Keep one of them');
      names.add(name);
      const own = path === '' ? name : `${path}.${name}`;
      note(own, at);
      return `${add(`${JSON.stringify(name)}:`, at)}${value(of, own, depth + 1)}`;
    });
    return `{${members.join(',')}}`;
  }

  function list(items: readonly (ParsedNode | null)[], path: string, depth: number): string {
    const elements = items.map((item, i) => {
      const own = path === '' ? String(i) : `${path}.${i}`;
      if (item !== null) note(own, aliasAt ?? item.range[0]);
      return add(',', 0) && value(item, own, depth + 1);
    });
    return `[${elements.join(',')}]`;
  }

  function note(path: string, at: number): void {
    if (path.length > LONGEST_PATH) return;
    const { line, col } = placeOf(at);
    places.push({ path, line, column: col });
  }

  return { value, places };
}

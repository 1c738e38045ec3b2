/** Words that we do not use, each with what to write instead. `code` in documents is not looked at: it has the names of the code. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY, textOf } from './source-files.ts';

type Words = readonly (readonly [words: RegExp, instead: string])[];

/** In documents, and anywhere in code: comments, messages, names. */
const NOWHERE: Words = [
  [/\b(obviously|clearly|of course|basically|essentially|actually|unfortunately)\b/gi, 'leave it out'],
  [/\b(easy|easily|effortless\w*|seamless\w*|hassle\w*|intuitive\w*)\b/gi, 'say what one has to do'],
  [
    /\b(robust\w*|powerful|elegant\w*|awesome|performant|comprehensive\w*|scalable)\b/gi,
    'say what it withstands, or how much it does',
  ],
  [/\b(blazing\w*|cutting.edge|state.of.the.art|world.class|best.in.class|game.chang\w*|turnkey)\b/gi, 'say the figure'],
  [/\b(leverag\w*|utili[sz](e|es|ed|ing))\b/gi, 'use'],
  [/\b(facilitat\w*|empower\w*|streamlin\w*|synerg\w*|bespoke|under the hood|out of the box)\b/gi, 'say what it does'],
  [/\b(in order to|prior to|subsequent(ly)?)\b/gi, 'to, before, later'],
  [
    /\b(here(by|in|after)|there(by|in|of|to|after)|where(by|in|upon)|whilst|amongst|notwithstanding)\b/gi,
    'by this, in it, while, among',
  ],
  [/\b(whitelist\w*|blacklist\w*)\b/gi, 'allowed, refused'],
  [/\bi\.e\./gi, 'that is'],
  [/\bplease\b/gi, 'an imperative alone'],
  [/\bturnstile/gi, 'concurrency limit'],
  [/\blog.?place/gi, 'log configuration'],
];

/** In documents and in code. */
const WORDS_OF_CODE: Words = [
  [/\b(founds|founded|founding)\b/gi, 'create'],
  [/\b([tT]old|[tT]ells)\b|\b(told|tells)(?=[A-Z])|(?<=[a-z])(Told|Tells)\b/g, 'report, name, say, configure; track'],
  [/\bnobody\b/gi, 'name who or what is missing: "without a reader"'],
  [/\bwhoever\b/gi, 'name the client, the worker or the reader'],
  [/\banew\b/gi, 'again'],
  [/\bat the most\b/gi, 'at most'],
  [/\bso many\b/gi, 'say how many, or leave it out'],
  [/(?<!\b(there|where) )\b(is|are|was|were) no (?!longer\b|more\b|less\b|fewer\b)\w+/gi, 'is not a'],
  [/\blanes?\b/g, 'concurrency slot, connection, fetch'],
  [/\b(she|her|hers)\b/gi, 'they, their'],
  [/\b(mend(s|ed)?|swept)\b/gi, 'correct, removed'],
  [/\bOf\b/g, 'begin the sentence with its subject'],
  [/\bfrom the dead\b/g, 'a worker that resumes after it was replaced'],
];

/** In code: FIELD must RULE (got VALUE). */
const NOT_IN_CODE: Words = [[/[,;] got ["$]/g, 'write " (got VALUE)" at the end of the message']];

/** What a name begins with. "look" is a term of lenses and of models, and "looks" too (packages/views/src/view.ts). */
const NOT_IN_NAMES: Words = [
  [
    /\b(?:const|let|function|type|interface|readonly) (?:[lL]ook(?!s|back|Up|For)|[sS]tanding|[pP]assing(?![A-Z])|[mM]oment|[lL]anding|[fF]light)\w*/g,
    'poll, check, read, snapshot, stalled, transient',
  ],
];

/** In documents. Code still has them. */
const NOT_IN_DOCUMENTS: Words = [
  [/\blandings?\b/g, 'concurrency slot, connection, fetch'],
  [/\b(simply|merely|just)\b/gi, 'leave it out'],
];

const documents = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'],
  ...readdirSync(join(REPOSITORY, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const decisions = readdirSync(join(REPOSITORY, 'docs/decisions')).map((name) => `docs/decisions/${name}`);
const code = ['packages', 'services', 'jobs', 'infra', 'test'].flatMap((folder) =>
  readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((file) => /\.(tsx?|mjs|sql|lua|ya?ml)$/.test(file) && !/(^|\/)(node_modules|\.turbo|dist)\//.test(file))
    .filter((file) => file !== 'infra/checks/words.test.ts'),
);

test('documents and code do without words that say nothing', () => {
  expect(code.length).toBeGreaterThan(600);
  expect([...documents, ...decisions, 'CHANGELOG.md', ...code].flatMap((file) => found(file, textOf(file), NOWHERE))).toEqual([]);
  expect(code.flatMap((file) => found(file, textOf(file), NOT_IN_CODE))).toEqual([]);
});

test('documents use the usual words', () => {
  expect(documents.length).toBeGreaterThan(10);
  expect(
    [...documents, ...decisions].flatMap((file) => found(file, prose(file), [...WORDS_OF_CODE, ...NOT_IN_DOCUMENTS])),
  ).toEqual([]);
});

test('code uses the usual words', () => {
  expect(code.flatMap((file) => found(file, ownText(file), WORDS_OF_CODE))).toEqual([]);
  const own = code.filter((file) => /\/src\/.*\.ts$/.test(file) && !/\.test\.ts$|^packages\/testkit\//.test(file));
  expect(own.flatMap((file) => found(file, textOf(file), NOT_IN_NAMES))).toEqual([]);
  const names = [
    'const look = 1;',
    'let lookedAt',
    'function standing()',
    'const lookback',
    'interface LooksAt',
    'const flights',
  ];
  expect(names.map((text) => found('a.ts', text, NOT_IN_NAMES).length)).toEqual([1, 1, 1, 0, 0, 1]);
});

test('a message says what does not exist, not that there is none', () => {
  const own = code.filter((file) => !/(\.test\.ts$|(^|\/)test\/)/.test(file));
  const said = own.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line, i) => (saysNone(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
  expect(said).toEqual([]);
  expect(
    ["throw new Error('there is no log');", '/** There is no "log". */', '// no `log`: there are no logs'].map(saysNone),
  ).toEqual([true, false, false]);
});

/** In a text of the program; comments may. */
function saysNone(line: string): boolean {
  return !/^\s*(\*|\/\/|\/\*)/.test(line) && /['"`].*\bthere (is|are|was|were) no\b/i.test(line.replace(/\/\/ .*$/, ''));
}

test('a word is found across a line, and not in code', () => {
  const words = (text: string) => found('a.md', withoutCode(text), [...WORDS_OF_CODE, ...NOT_IN_DOCUMENTS]);
  expect(words('One.\nA row that\nis no sum. `is no sum` there\nis no sum\n')).toEqual(['a.md:3: "is no sum": is not a']);
  expect(words('```\nOf a kind\n```\nOf a kind')).toEqual(['a.md:4: "Of": begin the sentence with its subject']);
  expect(['const lossTold = 1;', 'tellsLoss()', 'retold'].map((text) => found('a.ts', text, WORDS_OF_CODE).length)).toEqual([
    1, 1, 0,
  ]);
  expect(found('a.ts', '// One is\n  // no other.\n', WORDS_OF_CODE)).toEqual(['a.ts:1: "is no other": is not a']);
});

/** Every use, with its place. Words may be parted by the end of a line, also of a comment. */
function found(file: string, text: string, words: Words): string[] {
  const flat = text.replace(/\n *(\*|\/\/|--|#)?/g, (end) => ' '.repeat(end.length));
  return words.flatMap(([word, instead]) =>
    [...flat.matchAll(new RegExp(word.source.replaceAll(' ', ' +'), word.flags))].map(
      ({ 0: match, index }) => `${file}:${text.slice(0, index).split('\n').length}: "${match.replace(/ +/g, ' ')}": ${instead}`,
    ),
  );
}

/** The rows of docs/laws.md are names of tests and of lies, word for word. */
function prose(file: string): string {
  const text = withoutCode(textOf(file));
  return file === 'docs/laws.md' ? text.replace(/^\|.*$/gm, '') : text;
}

/** Without what a lie quotes from the code: a folder is done apart from the folders that it quotes. */
function ownText(file: string): string {
  const text = textOf(file);
  return /\/mutation(s-of-\w+|-list)\.ts$/.test(file) ? text.replace(/^ +(from|to):\s.*$/gm, '') : text;
}

/** Blank where code was, so that every line stays where it is. */
function withoutCode(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```|`[^`\n]*`/gm, (part) => part.replace(/[^\n]/g, ' '));
}

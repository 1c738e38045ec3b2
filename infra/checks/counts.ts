/**
 * Prints the counts of ARCHITECTURE.md, "Before and after", as one column: `npm run counts -- COMMIT`, of HEAD unless it is given.
 *
 * Code is TypeScript, SQL, Lua and JavaScript modules; tests are files `*.test.ts` and all below a folder `test`, whatever they need
 * beside them. The test kit counts as code.
 */
import { execFileSync } from 'node:child_process';
import { REPOSITORY } from './source-files.ts';

const CODE = ['*.ts', '*.tsx', '*.sql', '*.lua', '*.mjs'];
/** More files than this that lie beside each other are named. */
const MANY = 20;

interface Counted {
  readonly path: string;
  readonly lines: number;
}

function filesOf(commit: string): Counted[] {
  const text = execFileSync('git', ['grep', '-c', '', commit, '--', ...CODE], { cwd: REPOSITORY, encoding: 'utf8' });
  return text
    .trim()
    .split('\n')
    .map((row) => {
      const [, path = '', lines = ''] = row.split(':');
      return { path, lines: Number(lines) };
    });
}

function isTest({ path }: Counted): boolean {
  return /\.test\.ts$/.test(path) || /(^|\/)test\//.test(path);
}

/** `783; 61 300`, lines to the hundred. */
function sumOf(files: readonly Counted[]): string {
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  return `${files.length}; ${(Math.round(lines / 100) * 100).toLocaleString('en').replaceAll(',', ' ')}`;
}

/** Files right below `folder/src`, and all below it. */
function flatOf(code: readonly Counted[], folder: string): { readonly flat: number; readonly all: number } {
  const within = code.filter(({ path }) => path.startsWith(`${folder}/src/`));
  return { flat: within.filter(({ path }) => !path.slice(folder.length + 5).includes('/')).length, all: within.length };
}

function rowsOf(commit: string): [name: string, value: string][] {
  const files = filesOf(commit);
  const code = files.filter((file) => !isTest(file));
  const folders = [
    ...new Set(code.flatMap(({ path }) => /^(?:packages|services|jobs|infra)\/[^/]+(?=\/src\/)/.exec(path)?.[0] ?? [])),
  ];
  const many = folders.filter((folder) => flatOf(code, folder).flat > MANY);
  return [
    ['files of code; lines', sumOf(code)],
    ['files of tests; lines', sumOf(files.filter(isTest))],
    ...['services/api', 'services/collector', 'packages/runtime', 'jobs/recompute'].map((folder): [string, string] => {
      const { flat, all } = flatOf(code, folder);
      return [`flat files of \`${folder}\`, of all`, `${flat} of ${all}`];
    }),
    [
      `more than ${MANY} flat files`,
      many.map((folder) => `\`${folder.split('/')[1]}\` ${flatOf(code, folder).flat}`).join(', ') || 'none',
    ],
  ];
}

const [, , asked = 'HEAD'] = process.argv;
for (const [name, value] of rowsOf(asked)) process.stdout.write(`| ${name} | ${value} |\n`);

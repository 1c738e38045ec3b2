/** `node infra/checks/directions.ts`: fails with file, import and rule where an import goes the wrong way. */
import { objection } from './import-rules.ts';
import { importsOf, sourceFiles, textOf } from './source-files.ts';

const files = sourceFiles();
const imports = files.flatMap((file) => importsOf(file, textOf(file)));
const objections = imports.flatMap((one) => {
  const why = objection(one);
  return why === undefined ? [] : [`${one.file}: imports ${one.specifier}: ${why}`];
});
for (const line of objections) process.stderr.write(`${line}\n`);
process.stdout.write(`${files.length} files, ${imports.length} imports, ${objections.length} in a wrong direction\n`);
process.exitCode = objections.length === 0 ? 0 : 1;

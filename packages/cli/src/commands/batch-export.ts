/** `tributary batch export`: all conversions of a generation, or all rows of a view, as the API writes them. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { Generations } from '../api-types.ts';
import type { Act, Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit.ts';
import { numberOf } from '../flags/generation-number.ts';
import { formatOf, saving } from '../report/record-output.ts';
import { bytes } from '../terminal/figures.ts';
import { printable, printableJson } from '../terminal/table.ts';

interface Options {
  readonly generation?: string;
  readonly format?: string;
  readonly out?: string;
}

export function addBatchExport(batch: Command, act: Act): void {
  batch
    .command('export')
    .description('all conversions or journeys of a generation, or all rows of a view, as CSV, NDJSON or Parquet')
    .argument('<rows>', '"conversion-list", "journey-list", or the name of a view, as paths')
    .option('--generation <n>', 'default: the one that readers get')
    .option('--format <name>', 'csv, ndjson or parquet; default: by the name of --out, else ndjson')
    .option('--out <file>', 'write it there instead of to standard output')
    .action(act(exportRows));
}

async function exportRows(context: Context, rows: string, options: Options): Promise<ExitCode> {
  const { out } = options;
  const format = fileFormat(context, options);
  const api = context.api('read');
  const generation =
    options.generation === undefined
      ? (await api.get<Generations>('/v1/generations', { limit: 1 })).publication?.generation
      : numberOf(options.generation);
  if (generation === undefined)
    throw new CommandError({
      code: 'not_found',
      message: 'a generation does not exist yet',
      fix: 'Compute one with "tributary batch run --wait".',
    });
  const path = `/v1/generations/${generation}/export`;
  const query = { of: rows, format };
  const how = { onLack: (text: string) => context.terminal.say(printable(`warning: ${text}`)) };
  if (out === undefined) {
    for await (const line of api.lines(path, query, how))
      await context.terminal.data(format === 'ndjson' ? printableJson(line) : line);
    return EXIT.ok;
  }
  const size = await save(resolve(context.shell.cwd, out), out, api.bytes(path, query, how));
  context.terminal.say(`generation ${generation}: ${bytes(size)} in ${out}`);
  return EXIT.ok;
}

function fileFormat(context: Context, options: Options): 'csv' | 'ndjson' | 'parquet' {
  if (options.format === undefined && options.out === undefined && !context.json) return 'ndjson';
  const format = formatOf(context, options);
  if (format !== 'table' && format !== 'json') return format;
  throw new UsageError(`--format must be csv, ndjson or parquet (got ${format}). Write --format ndjson for JSON, a row a line.`);
}

/** What breaks off leaves the file that was there. Resolves with its bytes. */
async function save(path: string, named: string, parts: AsyncIterable<Uint8Array>): Promise<number> {
  const part = `${path}.part`;
  let count = 0;
  async function* counted() {
    for await (const chunk of parts) {
      count += chunk.byteLength;
      yield chunk;
    }
  }
  try {
    const file = createWriteStream(part);
    await saving(named, () => pipeline(Readable.from(counted()), file));
    await saving(named, () => rename(part, path));
    return count;
  } catch (cause) {
    await rm(part, { force: true });
    throw cause;
  }
}

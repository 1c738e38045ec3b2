/**
 * Traces of a program name its sources: by its map, which is read when the first trace is asked for (`--enable-source-maps` reads it at each start).
 * The first module of each program (programs.ts).
 */
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';

const OWN = new URL('.', import.meta.url).href;
const maps = new Map<string, SourceMap | null>();

Error.prepareStackTrace = (error, calls) => [headOf(error), ...calls.map((call) => `    at ${placeOf(call)}`)].join('\n');

/** As Node says it: its own errors have their code beside their name. */
function headOf(error: Error & { readonly code?: unknown }): string {
  const { code } = error;
  const text = Error.prototype.toString.call(error);
  const isOfNode = typeof code === 'string' && code.startsWith('ERR_') && text.startsWith(`${error.name}:`);
  return isOfNode ? `${error.name} [${code}]${text.slice(error.name.length)}` : text;
}

function placeOf(call: NodeJS.CallSite): string {
  const text = String(call);
  const file = call.getFileName();
  const [line, column] = [call.getLineNumber(), call.getColumnNumber()];
  if (file?.startsWith(OWN) !== true || line === null || column === null) return text;
  const origin = mapOf(file)?.findOrigin(line, column);
  if (origin === undefined || !('fileName' in origin)) return text;
  const source = new URL(origin.fileName, file).href;
  return text.replace(`${file}:${line}:${column}`, `${source}:${origin.lineNumber}:${origin.columnNumber}`);
}

function mapOf(file: string): SourceMap | null {
  let map = maps.get(file);
  if (map === undefined) {
    map = readMap(file);
    maps.set(file, map);
  }
  return map;
}

/** null: it is gone, as its program would be at its next start. */
function readMap(file: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(file)}.map`, 'utf8')) as SourceMapPayload);
  } catch {
    return null;
  }
}

/** Lines of JSON on their way into DuckDB: written as they come, so that memory does not grow with them. */
import { type FileHandle, open } from 'node:fs/promises';

const FLUSHED_CHARACTERS = 1_048_576;

export interface Spool {
  readonly path: string;
  /** How many bytes it has. */
  add(line: object): Promise<number>;
  close(): Promise<void>;
}

export async function openSpool(path: string): Promise<Spool> {
  const file: FileHandle = await open(path, 'wx', 0o600);
  let parts: string[] = [];
  let length = 0;
  const flush = async () => {
    const text = parts.join('');
    parts = [];
    length = 0;
    await file.appendFile(text);
  };
  return {
    path,
    async add(line) {
      // An integer of 64 bits as text: its column reads it with all digits.
      const text = `${JSON.stringify(line, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}\n`;
      parts.push(text);
      length += text.length;
      if (length >= FLUSHED_CHARACTERS) await flush();
      return Buffer.byteLength(text);
    },
    async close() {
      await flush();
      await file.close();
    },
  };
}

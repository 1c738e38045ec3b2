/** The contract of an object store: every adapter runs it. A name is given once, what it holds is whole, and no object is not an empty one. */
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { type ArchiveStore, type Content, contentOfText, type ObjectStore } from '@tributary/archive/objects/port';
import { describe, expect, test } from 'vitest';

const WRITERS = 8;

/** `make` gives stores of one place: what one creates another reads. The place is empty for each call with another name. */
export function describeObjectStoreContract(name: string, make: (place: string) => ObjectStore): void {
  describe(`object store contract: ${name}`, () => {
    test('law 7: of those who create one name at once one does, and its bytes are read whole, by others too', async () => {
      using one = make('once');
      using other = make('once');
      expect(await one.read('a/b')).toBeNull();
      const contents = Array.from({ length: WRITERS }, (_, writer) => contentOfText(`${writer} ${'x'.repeat(3_000)}`));
      const created = await Promise.all(contents.map((content, at) => (at % 2 === 0 ? one : other).create('a/b', content)));
      expect(created.filter(Boolean)).toHaveLength(1);
      const first = contents[created.indexOf(true)] as Content;
      expect(await textOf(other, 'a/b')).toBe(await textOf(one, 'a/b'));
      expect(contentOfText((await textOf(one, 'a/b')) ?? '').sha256).toBe(first.sha256);
      expect(await one.create('a/b', contentOfText('later'))).toBe(false);
      expect(contentOfText((await textOf(one, 'a/b')) ?? '').sha256).toBe(first.sha256);
    });

    test('any bytes come back as they were, none of them too', async () => {
      using store = make('bytes');
      const large = randomBytes(700_000).toString('base64');
      for (const [object, text] of [
        ['empty', ''],
        ['large', large],
        ['files/x=1.y', 'z'],
      ] as const) {
        expect(await store.create(object, contentOfText(text)), object).toBe(true);
        expect((await textOf(store, object)) === text, object).toBe(true);
      }
      expect(await store.read('files')).toBeNull();
    });
  });
}

/** The same of a store that an archive lies in. */
export function describeArchiveStoreContract(name: string, make: (place: string) => ArchiveStore): void {
  describeObjectStoreContract(name, make);
  describe(`archive store contract: ${name}`, () => {
    test('names are listed in order behind one of them, and what was removed is gone, to be created again', async () => {
      using one = make('listed');
      using other = make('listed');
      const began = Date.now();
      const names = ['changes/1', 'changes/10', 'changes/2', 'changes/9/x', 'changes_/3', 'files/a=1/b.c'];
      await Promise.all(names.map((object) => one.create(object, contentOfText(object))));
      expect(await namesIn(other, '')).toEqual(names);
      expect(await namesIn(other, 'changes/')).toEqual(names.slice(0, 4));
      expect(await namesIn(other, 'changes/', 'changes/10')).toEqual(['changes/2', 'changes/9/x']);
      expect(await namesIn(other, 'changes/1')).toEqual(['changes/1', 'changes/10']);
      expect(await namesIn(other, 'none/')).toEqual([]);
      const [listed] = await other.list('files/', '');
      // Seconds, where a store has no finer clock.
      expect(listed?.writtenMs).toBeGreaterThan(began - 5_000);
      for (const object of ['changes/10', 'changes/10', 'none']) await one.remove(object);
      expect(await other.read('changes/10')).toBeNull();
      expect(await namesIn(other, 'changes/')).toEqual(['changes/1', 'changes/2', 'changes/9/x']);
      expect(await other.create('changes/10', contentOfText('again'))).toBe(true);
      expect(await textOf(one, 'changes/10')).toBe('again');
    });
  });
}

/** All of them: pages may be of any length. */
async function namesIn(store: ArchiveStore, prefix: string, after = ''): Promise<string[]> {
  const names: string[] = [];
  for (let last = after; ; last = names.at(-1) ?? '') {
    const page = await store.list(prefix, last);
    if (page.length === 0) return names;
    names.push(...page.map((object) => object.name));
  }
}

async function textOf(store: ObjectStore, name: string): Promise<string | null> {
  const pieces = await store.read(name);
  return pieces === null ? null : (await buffer(pieces)).toString();
}

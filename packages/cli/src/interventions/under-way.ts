/** Webhooks that are under way in this process, by intervention and by user: an erasure of thousands asks for each of its users. */

export interface Call {
  /** Their erasure came: they are not named, though the erasure be lifted since. */
  isErased: boolean;
}

export interface UnderWay {
  has(id: string): boolean;
  begin(id: string, userKey: string): Call;
  end(id: string): void;
  erase(userKey: string): void;
}

export function createUnderWay(): UnderWay {
  const userOf = new Map<string, string>();
  const calls = new Map<string, Map<string, Call>>();
  return {
    has: (id) => userOf.has(id),
    begin(id, userKey) {
      const call: Call = { isErased: false };
      userOf.set(id, userKey);
      const own = calls.get(userKey);
      if (own === undefined) calls.set(userKey, new Map([[id, call]]));
      else own.set(id, call);
      return call;
    },
    end(id) {
      const userKey = userOf.get(id) ?? '';
      userOf.delete(id);
      const own = calls.get(userKey);
      own?.delete(id);
      if (own?.size === 0) calls.delete(userKey);
    },
    erase(userKey) {
      for (const call of calls.get(userKey)?.values() ?? []) call.isErased = true;
    },
  };
}

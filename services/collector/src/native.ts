import { EVENT_FIELDS } from '@tributary/model/event';
import { nativeReader } from '@tributary/model/native-event';

/** The native format over HTTP. */
export const readNative = nativeReader({
  accepted: new Set([...EVENT_FIELDS.filter((field) => field !== 'receivedAt' && field !== 'keyId'), 'writeKey']),
  source: 'native',
});

import { nativeReader, SENT_FIELDS } from '@tributary/model/reading/native-event';

/** The native format over HTTP. */
export const readNative = nativeReader({ accepted: new Set([...SENT_FIELDS, 'writeKey']), source: 'native' });

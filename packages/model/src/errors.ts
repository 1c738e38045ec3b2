/**
 * What is done about an error. One without a kind fails what met it, and the rest goes on.
 * `transient`: it may go away by itself. What met it leaves things as they were and is tried again.
 * `fatal`: an operator must act, as the log is another one, entries are gone, or the archive is damaged. To go on would only repeat it.
 * `usage`: the caller asked wrongly.
 */
export type ErrorKind = 'transient' | 'fatal' | 'usage';

interface ErrorRow {
  /** The HTTP status where the error reaches a client. */
  readonly status: number;
  readonly fix: string;
  readonly kind?: ErrorKind;
  /** A role that meets it while it starts ends with exit code 2: it stays so until an operator changes the configuration. */
  readonly refusesStart?: true;
  /** Every host would meet it: a shard that failed by it is not given to another. */
  readonly onEveryHost?: true;
  /** In whole seconds, as the Segment libraries honour no others: asking again after it may help. */
  readonly retryAfterS?: number;
}

/** The one table of error codes. A message says what happened and with which value; the fix says what to do about it. */
const TABLE = {
  // events
  invalid_json: { status: 400, fix: 'Send one JSON object, or an array of them, encoded as UTF-8.' },
  forbidden_key: { status: 400, fix: 'Remove the keys "__proto__", "constructor" and "prototype" from the JSON.' },
  too_deep: { status: 400, fix: 'Flatten the object: properties may nest at most 8 levels.' },
  missing_field: { status: 400, fix: 'Add the field that the message names.' },
  invalid_field: { status: 400, fix: 'Send the field in the type and range that the message names.' },
  missing_user: { status: 400, fix: 'Send userId or anonymousId (or both) as a non-empty string.' },
  event_too_large: { status: 400, fix: 'Keep one event within 32 KB of JSON; send large content by reference.' },
  ts_in_future: { status: 400, fix: 'Correct the clock of the sender: ts may be at most 24 h ahead of its receipt.' },
  ts_too_old: { status: 400, fix: 'Send it as history: POST /v1/import, or historical: true, with a key that may import.' },
  too_many_days: { status: 400, fix: 'Import the other days tomorrow, or let the operator raise TRIBUTARY_MAX_IMPORT_DAYS.' },
  received_in_future: {
    status: 500,
    fix: 'Correct the clock of the collector or producer: receivedAt may be at most 24 h ahead of the clock of the log.',
  },
  // requests
  body_too_large: {
    status: 413,
    fix: 'Send less in one request: the collector takes 5 MB (inflated) and 2 500 events where no setting says otherwise, the serving API 512 KB.',
  },
  body_too_slow: {
    status: 408,
    fix: 'Send the key in the Authorization header: such a body has 30 s, one without has 3 s and goes on at 20 KB a second.',
  },
  too_much_asked: { status: 413, fix: 'Ask for fewer users, or for fewer signals of each, in one request.' },
  file_too_large: {
    status: 413,
    fix: 'Ask for rows that are fewer, or read the Parquet files that the manifest of the generation names.',
  },
  empty_batch: { status: 400, fix: 'Send at least one event, or no request.' },
  invalid_gzip: { status: 400, fix: 'Compress the body as one complete gzip stream, or send it uncompressed.' },
  invalid_write_key: {
    status: 401,
    fix: 'Send a valid write key (tb_…, ts_…, ti_… or tw_…) as the user name of a Basic authorization header, or where the library puts its key.',
  },
  unauthorized: { status: 401, fix: 'Send a key with the needed scope as "Authorization: Bearer <key>".' },
  forbidden: {
    status: 403,
    fix: 'Use a key that may do what the message names: "tributary keys create --help" lists scopes, origins and types.',
  },
  strict_rejected: { status: 400, fix: 'Correct the listed events, or drop the X-Strict-Mode header to keep the valid ones.' },
  invalid_query: {
    status: 400,
    kind: 'usage',
    fix: 'Correct the parameter that the message names; /docs describes every route.',
  },
  unknown_model: { status: 400, kind: 'usage', fix: 'Ask for one of the models that the message lists.' },
  empty_range: { status: 400, kind: 'usage', fix: 'Ask for a range whose "from" lies before its "to"; ranges are half-open.' },
  not_found: {
    status: 404,
    fix: 'Check the id: lists such as /v1/conversion-list and /v1/generations have those that exist; /docs describes them.',
  },
  keys_not_joined: {
    status: 409,
    fix: 'Set "identity" in the definitions, and ask again once a generation has them: "tributary batch run --definitions FILE --wait".',
  },
  user_erased: {
    status: 409,
    fix: 'Lift the erasure first: "tributary users lift". "tributary users erasures" lists those that are in force.',
  },
  conflict: { status: 409, onEveryHost: true, fix: 'Read the current state and try again.' },
  not_replayable: { status: 409, fix: 'Send the event again from its source, and drop the dead letter.' },
  overloaded: { status: 429, retryAfterS: 1, fix: 'Wait as long as Retry-After says, then send the same request again.' },
  answers_unread: {
    status: 503,
    retryAfterS: 2,
    fix: 'Read the answers that were asked for, ask for less at a time, and send this request again after Retry-After.',
  },
  log_unavailable: {
    status: 503,
    kind: 'transient',
    retryAfterS: 1,
    fix: 'Look at the log, Redis or Kafka. A request may be sent again: nothing of it was acknowledged.',
  },
  store_unavailable: {
    status: 503,
    kind: 'transient',
    retryAfterS: 2,
    fix: 'Try again shortly; the operator finds the cause with "tributary doctor".',
  },
  objects_unavailable: {
    status: 503,
    fix: 'Run it again when the object store answers: what it has by now is not sent again.',
  },
  store_refused: {
    status: 500,
    fix: 'Correct what the message of Redis names (rights, configuration, memory of scripts); else report it: the partition waits until then.',
  },
  deltas_retired: {
    status: 503,
    retryAfterS: 2,
    fix: 'Publish a newer generation, or compute one: "tributary batch run --full --wait". Readers that asked while it was retired ask again.',
  },
  unsupported_media_type: { status: 415, fix: 'Send the body as JSON with "Content-Type: application/json".' },
  view_not_computed: {
    status: 503,
    fix: 'It comes with the next generation, all other answers stand: "tributary batch run" computes one now.',
  },
  not_ready: {
    status: 503,
    fix: 'Try again shortly. If the message says why a generation cannot be loaded, correct that first.',
  },
  links_unread: {
    status: 503,
    retryAfterS: 5,
    fix: 'Nothing was erased: send the same request again after Retry-After. "tributary status" says how far real time is behind.',
  },
  archive_timeout: { status: 503, fix: 'Ask for less (a shorter range, one user), or try again when the machine is less busy.' },
  internal: { status: 500, fix: 'Report it with the request id: this is a defect.' },
  // attribution models
  invalid_counts: {
    status: 400,
    fix: 'Correct the counts: conversions and nulls are finite and not negative, values are finite.',
  },
  too_many_states: {
    status: 400,
    fix: 'Ask for a lower order, name the channels to tell apart in definitions.attribution.channels, or group the small ones.',
  },
  model_timeout: {
    status: 503,
    fix: 'Ask for less: fewer intervals, a lower order, a model over fewer channels (definitions.attribution.channels).',
  },
  groups_timeout: {
    status: 503,
    retryAfterS: 5,
    fix: 'Send the same request again after Retry-After: what was counted of it is remembered. Or ask for fewer models, or a shorter window.',
  },
  // records in the log
  undecodable_record: { status: 500, fix: 'Look at the dead letters: a producer wrote something that is not an event.' },
  not_applied: {
    status: 500,
    fix: 'Report the dead letter: the speed layer fails on this event. Numbers are exact after the next generation.',
  },
  // operations
  partition_mismatch: {
    status: 500,
    kind: 'fatal',
    refusesStart: true,
    fix: 'Set TRIBUTARY_PARTITIONS to the count that the log was created with, or start with a new data folder.',
  },
  log_recreated: {
    status: 503,
    kind: 'fatal',
    retryAfterS: 1,
    fix: 'The log is not the one this platform was built upon: restore it; docs/production.md says what to do where it is lost.',
  },
  history_mismatch: {
    status: 500,
    kind: 'fatal',
    fix: 'The log and the data folder are not of one history: mount or restore the folder that belongs to this log. Nothing was written or trimmed.',
  },
  unknown_rules: {
    status: 500,
    kind: 'fatal',
    fix: 'Upgrade all speed workers and archivers to the version that wrote the barrier. Nothing after it was read.',
  },
  position_expired: {
    status: 500,
    kind: 'fatal',
    fix: 'Entries between the archive and the log are missing: restore the segments that are gone; docs/production.md, "Backup and restore".',
  },
  not_durable: {
    status: 500,
    refusesStart: true,
    fix: 'Change the setting that the message names: an acknowledged event could be lost with it.',
  },
  port_taken: {
    status: 500,
    fix: 'Stop what listens there, or choose another port: --port of npm start, or the setting of the role.',
  },
  dependency_missing: { status: 500, fix: 'Install what the message names, then run the command again.' },
  manifest_corrupt: {
    status: 500,
    kind: 'fatal',
    fix: 'Restore the file from a backup; the answer stays incomplete until then.',
  },
  archive_corrupt: {
    status: 500,
    onEveryHost: true,
    fix: 'Restore the file that the message names from a backup (the batch layer keeps a damaged one in quarantine/), then run a full generation.',
  },
  disk_full: { status: 503, retryAfterS: 1, fix: 'Free space on the disk that the message names; everything goes on by itself.' },
  archive_full: { status: 503, onEveryHost: true, fix: 'Free space in the data folder; the archiver goes on by itself.' },
  generation_timeout: { status: 500, fix: 'See "tributary status": a speed worker or an archiver does not read its partitions.' },
  compute_failed: {
    status: 500,
    fix: 'The generation before it stays in force. Read the message; give the job more memory or time if these ran out.',
  },
  invalid_config: {
    status: 500,
    kind: 'usage',
    refusesStart: true,
    fix: 'Correct the setting that the message names; --help lists them all.',
  },
  invalid_definitions: {
    status: 400,
    refusesStart: true,
    onEveryHost: true,
    fix: 'Correct the definitions where the message says.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof TABLE;

export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = TABLE;

/** The fix of `not_found` where the path is what does not exist. */
export const PATH_FIX = "Check the path: the serving API lists its routes at /docs, docs/ingestion.md the collector's.";

/** An operational error: expected, named, with the value that caused it in `message`. Bugs throw plain errors. */
export class TributaryError extends Error {
  override readonly name = 'TributaryError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get fix(): string {
    return ERRORS[this.code].fix;
  }
}

-- What the views' SQL shares.
-- Statements end with a semicolon at the end of a line.

-- Days since 1970 as YYYY-MM-DD (packages/model/src/time.ts, dayOf).
CREATE OR REPLACE MACRO day_text(days) AS CAST(DATE '1970-01-01' + CAST(days AS INTEGER) AS VARCHAR);

-- The part of `total` (0 or more) between two cumulative weights of `whole`, by cumulative rounding (packages/model/src/amounts/money.ts,
-- split). 64-bit: a product that does not fit is an error, never a wrong number.
CREATE OR REPLACE MACRO share(total, before, upto, whole) AS
  (total * upto) // whole - (total * before) // whole;

-- The same of a total that may be negative: the mirror image. `wide`: the products need 128 bits.
CREATE OR REPLACE MACRO signed_share(total, before, upto, whole, wide) AS
  sign(total) * CASE WHEN wide
    THEN share(abs(total)::HUGEINT, before, upto, whole)::BIGINT
    ELSE share(abs(total), before, upto, whole) END;

-- What a conversion is counted once by (packages/model/src/definitions.ts, onceKeyOf): a text that is not empty, or a whole number as text.
CREATE OR REPLACE MACRO once_key_of(properties, path) AS
  CASE json_type(properties, path)
    WHEN 'VARCHAR' THEN nullif(properties->>path, '')
    WHEN 'UBIGINT' THEN CASE WHEN TRY_CAST(properties->>path AS BIGINT) <= 9007199254740991 THEN properties->>path END
    WHEN 'BIGINT' THEN CASE WHEN TRY_CAST(properties->>path AS BIGINT) >= -9007199254740991 THEN properties->>path END
  END;

-- What web events say (packages/views/src/web/web-event.ts): a whole number from 0 to `most`, else NULL; else 0; a text, else NULL; a name in keys of rows.
CREATE OR REPLACE MACRO exact_at(said, path, most) AS
  CASE WHEN json_type(said, path) = 'UBIGINT' AND TRY_CAST(said->>path AS BIGINT) <= most THEN TRY_CAST(said->>path AS BIGINT) END;
CREATE OR REPLACE MACRO whole_at(said, path, most) AS coalesce(exact_at(said, path, most), 0);
CREATE OR REPLACE MACRO text_at(said, path) AS CASE WHEN json_type(said, path) = 'VARCHAR' THEN said->>path END;
CREATE OR REPLACE MACRO name_of(given, most) AS
  CASE WHEN coalesce(given, '') = '' THEN '(none)'
    WHEN length(given) > most OR regexp_matches(given, '[\x00-\x1f\x7f]') THEN '(other)' ELSE given END;

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

-- A whole number from 0 to `most` in an object of JSON, else 0 (packages/views/src/web/web-event.ts).
CREATE OR REPLACE MACRO whole_at(object, path, most) AS
  CASE WHEN json_type(object, path) = 'UBIGINT' AND TRY_CAST(object->>path AS BIGINT) <= most
    THEN TRY_CAST(object->>path AS BIGINT) ELSE 0 END;

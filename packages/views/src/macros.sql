-- What the views' SQL shares.
-- Statements end with a semicolon at the end of a line.

-- Days since 1970 as YYYY-MM-DD (packages/model/src/time.ts, dayOf).
CREATE OR REPLACE TEMP MACRO day_text(days) AS CAST(DATE '1970-01-01' + CAST(days AS INTEGER) AS VARCHAR);

-- The part of `total` between two cumulative weights of `whole`: floor(|total|·upto/whole) − floor(|total|·before/whole), signed as
-- total (packages/model/src/money.ts, split). 128-bit products only where 64 bits do not hold them.
CREATE OR REPLACE TEMP MACRO share(total, before, upto, whole) AS
  CASE WHEN abs(total)::DOUBLE * whole::DOUBLE < 9e18
    THEN sign(total) * ((abs(total)::BIGINT * upto::BIGINT) // whole::BIGINT - (abs(total)::BIGINT * before::BIGINT) // whole::BIGINT)
    ELSE (sign(total) * ((abs(total)::HUGEINT * upto) // whole - (abs(total)::HUGEINT * before) // whole))::BIGINT
  END;

import { InvalidArgumentError } from 'commander';

// Readers of options that are numbers: commander says which option it was.

type Reader = (written: string) => number;

/** A whole number within bounds, both included. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Reader {
  return reader(Number.isSafeInteger, `Write a whole number${bounds(least, most)}.`, least, most);
}

/** Any number within bounds, both included. */
export function amount(least: number, most: number = Number.MAX_VALUE): Reader {
  return reader(Number.isFinite, `Write a number${bounds(least, most)}.`, least, most);
}

function reader(fits: (value: number) => boolean, advice: string, least: number, most: number): Reader {
  return (written) => {
    // What is empty would be read as 0.
    const value = written.trim() === '' ? Number.NaN : Number(written);
    if (fits(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(advice);
  };
}

function bounds(least: number, most: number): string {
  return most >= Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`;
}

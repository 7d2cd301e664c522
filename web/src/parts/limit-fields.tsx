import type { JSX } from 'preact';
import type { ApiError } from '../api.ts';
import { type Json, number, numberOrNull, object } from '../read.ts';
import { TextField, wrongWith } from './field.tsx';

/** What is written into the fields, by the limit; empty: not limited. Of budgets, when people are warned stands under `warn`. */
export type WrittenLimits = Readonly<Record<string, string>>;

const COUNTS = [
  ['requestsPerMinute', 'Requests a minute'],
  ['requestsPerDay', 'Requests a day'],
  ['tokensPerMinute', 'Tokens a minute'],
  ['tokensPerDay', 'Tokens a day'],
  ['concurrentCalls', 'Calls at once'],
  ['promptTokens', 'Tokens in a prompt'],
  ['outputTokens', 'Tokens in an answer'],
] as const;

const BUDGETS = [
  ['budgetPerDay', 'a day'],
  ['budgetPerMonth', 'a month'],
] as const;

/** Those that are asked for when a tenant is made; the others can be set afterwards. */
export const FIRST_LIMITS: readonly string[] = [
  'requestsPerMinute',
  'tokensPerMinute',
  'concurrentCalls',
  'budgetPerMonth',
];

interface LimitFieldsProps {
  readonly written: WrittenLimits;
  readonly change: (written: WrittenLimits) => void;
  readonly error: ApiError | null;
  /** Only these. @default all, and when people are warned */
  readonly only?: readonly string[];
}

export function LimitFields({ written, change, error, only }: LimitFieldsProps): JSX.Element {
  const field = (name: string, label: string, placeholder: string, wrong: string | undefined): JSX.Element => (
    <TextField
      key={name}
      label={label}
      type="number"
      name={name}
      value={written[name] ?? ''}
      change={(value) => change({ ...written, [name]: value })}
      placeholder={placeholder}
      wrong={wrong}
    />
  );
  const shown = (name: string): boolean => only === undefined || only.includes(name);
  return (
    <>
      {COUNTS.filter(([name]) => shown(name)).map(([name, label]) =>
        field(name, label, 'no limit', wrongWith(error, `limits.${name}`)),
      )}
      {BUDGETS.filter(([name]) => shown(name)).map(([name, period]) => {
        const whole = wrongWith(error, `limits.${name}`) ?? wrongWith(error, `limits.${name}.refuse`);
        return (
          <>
            {field(name, `Budget ${period}, US dollars`, 'no limit', whole)}
            {only === undefined
              ? field(
                  `${name}.warn`,
                  `Warn ${period} from, US dollars`,
                  '80 % of the budget',
                  wrongWith(error, `limits.${name}.warn`),
                )
              : null}
          </>
        );
      })}
    </>
  );
}

/** The limits as the API takes them. What is no number is sent as it is: the gateway says what is wrong with it. */
export function limitsFrom(written: WrittenLimits): Record<string, unknown> {
  const limits: Record<string, unknown> = {};
  for (const [name] of COUNTS) if (written[name]) limits[name] = Number(written[name]);
  for (const [name] of BUDGETS) {
    const [refuse, warn] = [written[name], written[`${name}.warn`]];
    if (warn) limits[name] = { warn: Number(warn), ...(refuse ? { refuse: Number(refuse) } : {}) };
    else if (refuse) limits[name] = Number(refuse);
  }
  return limits;
}

/** The limits that are in force, as they are written into the fields. */
export function writtenLimits(limits: Json): WrittenLimits {
  const written: Record<string, string> = {};
  for (const [name] of COUNTS) if (limits[name] !== undefined) written[name] = String(number(limits[name]));
  for (const [name] of BUDGETS) {
    const { warn, refuse } = object(limits[name]);
    const amount = numberOrNull(limits[name]) ?? numberOrNull(refuse);
    if (amount !== null) written[name] = String(amount);
    if (numberOrNull(warn) !== null) written[`${name}.warn`] = String(warn);
  }
  return written;
}

/**
 * Whether records reach the database. `saidAt` is when people were last told of that, `noticedAt` when of anything less;
 * -Infinity for never.
 */
export type StorageTrouble =
  | { readonly kind: 'sound'; readonly saidAt: number; readonly noticedAt: number }
  | {
      readonly kind: 'troubled';
      readonly saidAt: number;
      readonly noticedAt: number;
      readonly since: number;
      /** This spell of trouble has been told. */
      readonly told: boolean;
      readonly lost: number;
    };

/** The next state, and what people have to be told now, if anything. */
export interface TroubleStep {
  readonly next: StorageTrouble;
  readonly say: string | null;
}

export const SOUND: StorageTrouble = {
  kind: 'sound',
  saidAt: Number.NEGATIVE_INFINITY,
  noticedAt: Number.NEGATIVE_INFINITY,
};

/** Trouble is said at most this often, in ms: often enough to be seen, too seldom to fill the log of a disk that is full. */
const SAY_EVERY_MS = 60_000;

/** The database refused a batch, which stays in memory with the others. */
export function refused(state: StorageTrouble, now: number, reason: string, waiting: number): TroubleStep {
  return worse(state, now, 0, (lost) => {
    const tally = `${count(waiting)} wait in memory${lost > 0 ? `, ${count(lost)} are lost` : ''}`;
    return `call records cannot be stored: ${reason} Calls go on; ${tally}.`;
  });
}

/** Memory for waiting records ran out: the oldest were dropped. */
export function dropped(state: StorageTrouble, now: number, records: number): TroubleStep {
  return worse(
    state,
    now,
    records,
    (lost) =>
      `call records wait for the database faster than it takes them; the oldest ${count(lost)} are lost. Calls go on.`,
  );
}

/** The database takes records again. */
export function recovered(state: StorageTrouble, now: number): TroubleStep {
  if (state.kind === 'sound') return { next: state, say: null };
  const { saidAt, noticedAt, since, told, lost } = state;
  const seconds = Math.max(1, Math.round((now - since) / 1000));
  const toll = lost === 0 ? 'none was lost' : `${count(lost)} were lost`;
  return {
    next: { kind: 'sound', saidAt, noticedAt },
    say: told || lost > 0 ? `call records are stored again after ${seconds} s; ${toll}.` : null,
  };
}

/** Something worth telling that loses no waiting record; told as seldom as the rest, and never in the place of it. */
export function noticed(state: StorageTrouble, now: number, message: string): TroubleStep {
  if (now - Math.max(state.saidAt, state.noticedAt) < SAY_EVERY_MS) return { next: state, say: null };
  return { next: { ...state, noticedAt: now }, say: message };
}

function worse(state: StorageTrouble, now: number, records: number, message: (lost: number) => string): TroubleStep {
  const spell = state.kind === 'troubled' ? state : { since: now, told: false, lost: 0 };
  const lost = spell.lost + records;
  const due = now - state.saidAt >= SAY_EVERY_MS;
  return {
    next: {
      kind: 'troubled',
      since: spell.since,
      lost,
      told: spell.told || due,
      saidAt: due ? now : state.saidAt,
      noticedAt: state.noticedAt,
    },
    say: due ? message(lost) : null,
  };
}

function count(records: number): string {
  return records.toLocaleString('en-US');
}

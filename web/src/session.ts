import { signal } from '@preact/signals';
import { ask, get, whenSignedOut } from './api.ts';
import { flag, type Json, moment, oneOf, text } from './read.ts';

export type Role = 'viewer' | 'operator' | 'admin';

/** Who looks at the pages. */
export type Session =
  | { readonly kind: 'unknown' }
  /** `ended`: somebody was signed in, and is no longer. */
  | { readonly kind: 'out'; readonly ended: boolean }
  | { readonly kind: 'unreachable' }
  | {
      readonly kind: 'in';
      readonly role: Role;
      readonly name: string;
      readonly endsAt: number | null;
      /** There is no tenant, so calls need no key. */
      readonly open: boolean;
      readonly version: string;
    };

export const session = signal<Session>({ kind: 'unknown' });

const ROLES = ['viewer', 'operator', 'admin'] as const;

export async function findSession(): Promise<void> {
  const before = session.value.kind;
  try {
    const found = await get('/session', readSession);
    session.value = found.kind === 'out' ? { kind: 'out', ended: before === 'in' } : found;
  } catch {
    // Whoever is in the middle of something keeps the page; each part of it says that it cannot be asked.
    if (before !== 'in') session.value = { kind: 'unreachable' };
  }
}

/** @throws {ApiError} the token does not hold, or too many wrong ones came */
export async function signIn(token: string): Promise<void> {
  session.value = await ask('POST', '/session', readSession, { body: { token } });
}

export async function signOut(): Promise<void> {
  await ask('DELETE', '/session', () => null).catch(() => null);
  session.value = { kind: 'out', ended: false };
}

/** Whether who is signed in may do what needs a role. The gateway asks again; this only spares people the try. */
export function may(role: Role): boolean {
  const { value } = session;
  return value.kind === 'in' && ROLES.indexOf(value.role) >= ROLES.indexOf(role);
}

whenSignedOut(() => {
  if (session.value.kind === 'in') session.value = { kind: 'out', ended: true };
});

function readSession(answer: Json): Session {
  if (!flag(answer['signedIn'])) return { kind: 'out', ended: false };
  return {
    kind: 'in',
    role: oneOf(answer['role'], ROLES, 'viewer'),
    name: text(answer['name']),
    endsAt: moment(answer['endsAt']),
    open: flag(answer['open']),
    version: text(answer['version']),
  };
}

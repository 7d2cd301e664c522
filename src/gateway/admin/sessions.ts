import { randomBytes } from 'node:crypto';
import { hashSecret } from '../../tenants/secret.ts';

/** A session ends when it was not used for so long, ms. A page that is open asks again and again, so it stays. */
export const IDLE_MS: number = 60 * 60_000;

/** And at the latest so long after it was begun, ms: a shift, and the way home. */
export const LONGEST_MS: number = 24 * 60 * 60_000;

/** Sessions at once; beyond, those that were quiet longest end. Each takes a few hundred bytes. */
const MOST = 1_000;

/** A browser that is signed in. What it may do is what its token may do, for as long as that holds. */
export interface Session {
  /** Id of the admin token that it was begun with. */
  readonly token: string;
  readonly begunAt: number;
  usedAt: number;
}

/**
 * The sessions of the dashboard, by the hash of what the browser holds: whoever reads this process's memory dump cannot sign
 * in with it. They live in memory, so a restart signs everybody out.
 */
export class Sessions {
  /** In the order of their last use. */
  readonly #sessions = new Map<string, Session>();

  /** @returns what the browser is to hold: 256 random bits, nothing of them taken from before. */
  begin(token: string, now: number): string {
    const id = randomBytes(32).toString('base64url');
    this.#sessions.set(hashSecret(id), { token, begunAt: now, usedAt: now });
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= MOST) break;
      this.#sessions.delete(oldest);
    }
    return id;
  }

  /** The session of this id, if it has not ended; it counts as used. */
  use(id: string, now: number): Session | null {
    const name = hashSecret(id);
    const session = this.#sessions.get(name);
    if (session === undefined) return null;
    this.#sessions.delete(name);
    if (now - session.usedAt > IDLE_MS || now - session.begunAt > LONGEST_MS) return null;
    session.usedAt = now;
    this.#sessions.set(name, session);
    return session;
  }

  end(id: string): void {
    this.#sessions.delete(hashSecret(id));
  }
}

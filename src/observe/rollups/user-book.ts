/** What stands for every user that came after the last place of a day was taken. */
export const OTHER_USERS = 'other';

/** Users of one day that are told apart: tenants may name a new one for each call. */
const MOST = 20_000;

/** Bounds the users that are told apart in a day. */
export class UserBook {
  #day = NaN;
  readonly #known = new Set<string>();

  of(day: number, user: string): string {
    if (day !== this.#day) {
      this.#day = day;
      this.#known.clear();
    }
    if (this.#known.has(user)) return user;
    if (this.#known.size >= MOST) return OTHER_USERS;
    this.#known.add(user);
    return user;
  }
}

/** Freezes plain data all the way down and gives it back. Classes with private state look after themselves. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}

/** A set that nobody can change: `Object.freeze` alone leaves `add`, `delete` and `clear` working. */
export function frozenSet<T>(items: Iterable<T>): ReadonlySet<T> {
  const set = new Set(items);
  const refuse = { value: refuseChange };
  return Object.freeze(Object.defineProperties(set, { add: refuse, delete: refuse, clear: refuse }));
}

function refuseChange(): never {
  throw new TypeError('the configuration is frozen: load a new one instead of changing it');
}

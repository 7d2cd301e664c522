import type { Config } from '../config/config.ts';
import type { KeyKeeper } from '../config/keys/keeper.ts';
import type { KeyEvent, KeyReport } from '../config/keys/report.ts';

/** How a key stands, as `/readyz` tells it: to whoever asks, so without anything to know the key by. */
export interface KeyStanding {
  readonly status: KeyReport['status'];
  readonly problems: readonly string[];
}

/**
 * Looks at every key when the gateway starts.
 *
 * @throws {Error} under the policy `require`, with every problem of every key
 */
export async function checkKeysAtStart(keeper: KeyKeeper, { keys: { policy } }: Config): Promise<void> {
  keeper.start();
  if (policy !== 'require') {
    // Nobody waits for providers to answer before the gateway does: what they say is told when they have said it.
    void keeper.checkAll().then((reports) => {
      for (const line of problemLines(reports)) console.error(`holdfast: ${line}`);
    });
    return;
  }
  const lines = problemLines(await keeper.checkAll());
  if (lines.length > 0) throw new Error(`the keys are not in order (keys.policy is require):\n  ${lines.join('\n  ')}`);
}

/** One line for each problem. */
function problemLines(reports: readonly KeyReport[]): string[] {
  return reports.flatMap(({ target, reference, ending, problems }) => {
    const shown = ending === null ? reference : `${reference}, …${ending}`;
    return problems.map((problem) => `the key of target ${target} (${shown}) ${problem}`);
  });
}

export function tellKeyEvent({ message }: KeyEvent): void {
  console.error(`holdfast: ${message}`);
}

/** What `/readyz` says of the keys. */
export function standings(keeper: KeyKeeper): Record<string, KeyStanding> {
  return Object.fromEntries(keeper.reports().map(({ target, status, problems }) => [target, { status, problems }]));
}

/** Whether calls can be taken as far as the keys go: under `require` all of them, else any, where there are any. */
export function keysReady(keeper: KeyKeeper, { keys: { policy }, targets }: Config): boolean {
  const reports = keeper.reports();
  if (policy === 'require') return reports.every(({ problems }) => problems.length === 0);
  const usable = reports.filter(({ status }) => status === 'accepted' || status === 'unchecked');
  return usable.length > 0 || reports.length < targets.length;
}

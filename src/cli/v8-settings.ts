import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// V8's collector and compilers are set for pages and scripts. A process that is a gateway and nothing else knows more of its own
// garbage, and of what it will run again.

/** Whether this V8 is one of those with which the newer of these settings were tried; an older one is left as it is. */
function isTried(): boolean {
  return Number.parseFloat(process.versions.v8) >= 14;
}

/**
 * Counts Buffers with the heap. V8 keeps them outside, and by default marks and sweeps the whole heap as soon as 64 MB of them
 * have been let go: with bodies of 100 KB that is several times a second, and was a third of all CPU. Counted together, they
 * are left to the quick collections of what is young, and bodies die as young as their calls.
 */
export function countBuffersWithTheHeap(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}

/**
 * Lets the heap grow to four times what is alive before it is marked and swept as a whole, which is as much as V8 would allow at
 * the best of times. It allows less after a collection that found few Buffers alive; but with bodies of 10 KB there are 60 MB of
 * them between one quick collection and the next, and the whole heap was marked three times a second until chance ended it.
 */
export function markRarely(): void {
  setFlagsFromString('--heap-growing-percent=300');
}

/** The one way to reach the collector without a flag on the command line. */
function collector(): NodeJS.GCFunction {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as NodeJS.GCFunction;
}

/**
 * Gives back what only the start needed. Reading modules and configuration widens V8's nursery by 30 MB, which it would hold on
 * to for as long as no lack of memory makes it look. Takes some 50 ms, once, before there are calls to be held up.
 */
export function giveBackWhatTheStartTook(): void {
  collector()({ execution: 'sync', type: 'major', flavor: 'last-resort' });
}

/** How often it is looked whether anything is under way, ms, */
const LOOK_EVERY_MS = 60_000;

/** and how many times in a row nothing must be before a gateway counts as at rest. */
const QUIET_LOOKS = 10;

/** Less is not worth a collection: about what a second of busy traffic takes, bytes. */
const WORTH_COLLECTING_BYTES = 48 * 1024 * 1024;

/**
 * Gives back what bursts of traffic have taken, once a gateway has been at rest for ten minutes. Not before: a collection that is
 * asked for lets go of hidden classes, and so of compiled code, whichever kind is asked for.
 *
 * @param running calls under way
 */
export function giveBackWhatBurstsTook(running: () => number): void {
  const collect = collector();
  let atRest = getHeapStatistics().total_heap_size;
  let quiet = 0;
  setInterval(() => {
    quiet = running() === 0 ? quiet + 1 : 0;
    if (quiet < QUIET_LOOKS || getHeapStatistics().total_heap_size < atRest + WORTH_COLLECTING_BYTES) return;
    collect({ execution: 'sync', type: 'major', flavor: 'last-resort' });
    atRest = getHeapStatistics().total_heap_size;
  }, LOOK_EVERY_MS).unref();
}

/**
 * Has V8 compile what a call passes after some hundred calls instead of some thousand. It waits because most of what a page runs
 * is not worth compiling; at a hundred calls a second a gateway would run slow code for half a minute after each change of its
 * traffic.
 */
export function compileEarly(): void {
  if (!isTried()) return;
  setFlagsFromString('--invocation-count-for-maglev=100');
  setFlagsFromString('--invocation-count-for-turbofan=800');
  setFlagsFromString('--minimum-invocations-after-ic-update=50');
}

/**
 * Keeps compiled code through quiet times, and the hidden classes that it was compiled for: V8 lets both go after a few
 * collections without use, and the first busy minute after every quiet one would run slow code. Classes are not kept for ever:
 * those of whatever callers send are among them.
 */
export function keepWhatWasCompiled(): void {
  setFlagsFromString('--no-flush-bytecode');
  setFlagsFromString('--retain-maps-for-n-gc=20');
}

/** The earliest that V8's memory reducer begins a collection, ms. */
const REDUCER_DELAY_MS = 8_000;

/**
 * Has V8 collect when there is something to collect, and not because the process has become quiet. Such a collection keeps no
 * hidden classes: half a minute after a burst of traffic nearly all code would be compiled anew, which takes seconds of the next.
 * To be called first of all: one is planned before any of our code runs, and V8 must not find that it has begun more of them than
 * it may.
 */
export function collectOnlyWhenNeeded(): void {
  if (!isTried() || performance.now() > REDUCER_DELAY_MS) return;
  setFlagsFromString('--no-memory-reducer');
  // The one that is planned already.
  setFlagsFromString('--memory-reducer-gc-count=0');
}

/**
 * Keeps memory small at the price of speed, for work that a provider's limits hold back anyway: calls that wait for seconds
 * are taken for old by then, and V8 leaves what is old lying until the heap has doubled. Measured with 256 requests under way: 146
 * MB at the most instead of 200.
 */
export function keepSmall(): void {
  setFlagsFromString('--optimize-for-size');
}

import { readdirSync, readFileSync } from 'node:fs';

/**
 * Time that a process, its threads and its children have spent on a core so far, in µs. Read from the scheduler's own
 * count in ns; the usual accounting of `process.cpuUsage` and `/proc/PID/stat` counts ticks of 10 ms.
 */
export function cpuMicroseconds(pid: number): number {
  let nanoseconds = 0;
  for (const each of treeOf(pid)) {
    for (const task of tasksOf(each)) nanoseconds += Number(read(`${task}/schedstat`).split(' ', 1)[0]);
  }
  return nanoseconds / 1000;
}

/** Resident memory of a process and its children, in KB. */
export function residentKilobytes(pid: number): number {
  return treeOf(pid).reduce(
    (sum, each) => sum + Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${each}/status`))?.[1] ?? 0),
    0,
  );
}

function treeOf(pid: number): number[] {
  const children = tasksOf(pid).flatMap((task) => read(`${task}/children`).split(' ').filter(Boolean).map(Number));
  return [pid, ...children.flatMap(treeOf)];
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);
  } catch {
    return [];
  }
}

/** A thread may end between being listed and being read; then it says nothing. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

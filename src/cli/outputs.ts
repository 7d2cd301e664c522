import type { Writable } from 'node:stream';

/**
 * Lets a process go on when what it says has nowhere to go: a full disk behind its output, or a pipe that was closed. The
 * words are lost, and said again as soon as there is room. A command that prints and ends is better off ending.
 */
export function outliveOutputs(outputs: readonly Writable[] = [process.stdout, process.stderr]): void {
  for (const output of outputs) {
    output.removeAllListeners('error').on('error', () => undefined);
    const write = output._write.bind(output);
    // A stream that is told of an error takes nothing more, also when there is room again.
    output._write = (chunk, encoding, done): void => write(chunk, encoding, () => done());
  }
}

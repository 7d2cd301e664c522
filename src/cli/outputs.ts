import type { Writable } from 'node:stream';

/**
 * Lets a process go on when what it says has nowhere to go: a full disk behind its output, or a pipe that was closed. The
 * words are lost. Without it Node throws out of whatever was about to say something, which may be a line about the full disk.
 */
export function outliveOutputs(outputs: readonly Writable[] = [process.stdout, process.stderr]): void {
  for (const output of outputs) {
    // Pipes fail later, by an event that nobody would hear.
    output.on('error', () => undefined);
    const write = output._write.bind(output);
    // Files fail at once, and would leave the stream waiting for its last write for ever.
    output._write = (chunk, encoding, done): void => {
      try {
        write(chunk, encoding, done);
      } catch {
        done();
      }
    };
  }
}

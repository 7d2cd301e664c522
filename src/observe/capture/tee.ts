import type { Fault } from '../../engine/fault/fault.ts';
import type { ReplyStream, Sink, StreamEnding } from '../../engine/reply.ts';

/** Bodies are kept from their beginning, up to so many bytes. */
export class Kept {
  readonly #most: number;
  readonly #chunks: Uint8Array[] = [];
  #room: number;
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
    this.#room = most;
  }

  /** Bytes that came by, kept or not. */
  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#room <= 0) return;
    // Copied: the bytes belong to a buffer that is used again.
    const part = Uint8Array.prototype.slice.call(chunk, 0, this.#room);
    this.#chunks.push(part);
    this.#room -= part.length;
  }

  take(): Uint8Array {
    return Buffer.concat(this.#chunks, Math.min(this.#bytes, this.#most));
  }
}

/** A stream that keeps a copy of its beginning while it passes. */
export class TeeStream implements ReplyStream {
  readonly #stream: ReplyStream;
  readonly #kept: Kept;

  constructor(stream: ReplyStream, kept: Kept) {
    this.#stream = stream;
    this.#kept = kept;
  }

  start(sink: Sink): void {
    const kept = this.#kept;
    this.#stream.start({
      write(chunk) {
        kept.add(chunk);
        return sink.write(chunk);
      },
      end: () => sink.end(),
      fail: (fault: Fault) => sink.fail(fault),
    });
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  onEnding(listener: (ending: StreamEnding) => void): void {
    this.#stream.onEnding(listener);
  }
}

import type { IncomingHttpHeaders } from 'node:http';

/** A request, as the gateway needs it: node:http's own, or one that was read straight from its connection. */
export interface Incoming {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** The whole body has come. */
  readonly complete: boolean;
  readonly socket: { readonly remoteAddress?: string | undefined };
  on(event: 'data', listener: (chunk: Buffer) => void): this;
  on(event: 'end' | 'close', listener: () => void): this;
  /** Lets what is left of the body go by. */
  resume(): unknown;
}

/** Where the answer to a request is written; node:http's `ServerResponse` is one. */
export interface Outgoing {
  readonly req: {
    readonly url?: string | undefined;
    readonly method?: string | undefined;
    readonly httpVersion: string;
  };
  readonly headersSent: boolean;
  /** Nobody hears any more what is written. */
  readonly destroyed: boolean;
  readonly closed: boolean;
  /** All of it has gone to the operating system. */
  readonly writableFinished: boolean;
  /** Bytes that the caller has not taken yet. */
  readonly writableLength: number;
  /** Whether node:http is to frame what is written as chunks. */
  chunkedEncoding: boolean;
  setHeader(name: string, value: string): unknown;
  /** @param headers names and values in turn, among them what frames the body */
  writeHead(status: number, headers: string[]): this;
  write(chunk: Uint8Array): boolean;
  write(chunk: string, encoding: 'latin1'): boolean;
  end(): unknown;
  end(chunk: Uint8Array): unknown;
  end(chunk: string, encoding: 'latin1'): unknown;
  destroy(): unknown;
  on(event: 'close', listener: () => void): unknown;
  once(event: 'close' | 'drain' | 'finish', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

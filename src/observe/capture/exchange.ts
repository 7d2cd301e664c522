/** One side of a call's exchange, as it is kept. */
export interface KeptMessage {
  /** Without what signs anybody in. */
  readonly headers: Readonly<Record<string, string>>;
  /** As text; null: there was none, or it was not kept (an upload). */
  readonly body: string | null;
  /** Bytes of the whole body; more than the text has when only its beginning was kept. */
  readonly bytes: number;
  readonly truncated: boolean;
}

/** What a caller asked and was given, redacted. */
export interface KeptExchange {
  readonly call: string;
  /** Wall time of the call's arrival, ms since 1970. */
  readonly at: number;
  readonly route: string | null;
  readonly tenant: string | null;
  readonly request: KeptMessage & { readonly method: string; readonly path: string };
  readonly reply: KeptMessage & { readonly status: number | null };
}

/** One side as it came. */
export interface SeenMessage {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array | null;
  readonly bytes: number;
}

/** What is handed to the thread that keeps it. */
export interface SeenExchange extends Pick<KeptExchange, 'call' | 'at' | 'route' | 'tenant'> {
  readonly request: SeenMessage & { readonly method: string; readonly path: string };
  readonly reply: SeenMessage & { readonly status: number | null };
}

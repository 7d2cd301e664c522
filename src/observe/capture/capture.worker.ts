import { parentPort, workerData } from 'node:worker_threads';
import type { PersonalKind } from '../redact/finding.ts';
import { houseRedactor } from '../redact/house-redactor.ts';
import { captureKey } from './capture-key.ts';
import type { KeptExchange, SeenExchange } from './exchange.ts';
import { redactExchange } from './redact-exchange.ts';
import { type CaptureLimits, Vault } from './vault.ts';

/** What the worker is started with. */
export interface CaptureWorkerData {
  readonly directory: string;
  /** What the key is made of; null: the data directory's own. */
  readonly secret: string | null;
  readonly limits: CaptureLimits;
  readonly personal: readonly PersonalKind[];
}

export type ToCaptureWorker =
  | { readonly kind: 'keep'; readonly exchange: SeenExchange; readonly bytes: number }
  | { readonly kind: 'read'; readonly call: string; readonly asked: number }
  | { readonly kind: 'close' };

export type FromCaptureWorker =
  | { readonly kind: 'kept'; readonly bytes: number; readonly trouble: string | null }
  | {
      readonly kind: 'read';
      readonly asked: number;
      readonly exchange: KeptExchange | null;
      readonly trouble: string | null;
    }
  | { readonly kind: 'closed' };

const SWEEP_EVERY_MS = 5 * 60_000;

if (parentPort === null) throw new Error('capture.worker runs as a worker thread only');
const port = parentPort;
const { directory, secret, limits, personal } = workerData as CaptureWorkerData;
const redactor = houseRedactor(directory, personal);
/** Opened with the first use, and again after it failed: a full disk may have room again. */
let vault: Vault | null = null;

function open(): Vault {
  vault ??= new Vault(directory, captureKey(directory, secret), limits);
  return vault;
}

function tell(message: FromCaptureWorker): void {
  port.postMessage(message);
}

/** What went wrong; null: nothing. */
function tried(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const sweeping = setInterval(() => void tried(() => open().sweep(Date.now())), SWEEP_EVERY_MS);
void tried(() => open().sweep(Date.now()));

port.on('message', (message: ToCaptureWorker) => {
  switch (message.kind) {
    case 'keep': {
      const { exchange, bytes } = message;
      return tell({ kind: 'kept', bytes, trouble: tried(() => open().put(redactExchange(exchange, redactor))) });
    }
    case 'read': {
      const { asked, call } = message;
      let exchange: KeptExchange | null = null;
      const trouble = tried(() => (exchange = open().get(call)));
      return tell({ kind: 'read', asked, exchange, trouble });
    }
    case 'close':
      clearInterval(sweeping);
      void tried(() => vault?.close());
      tell({ kind: 'closed' });
      port.close();
  }
});

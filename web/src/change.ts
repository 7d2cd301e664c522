import { useState } from 'preact/hooks';
import { ApiError } from './api.ts';

/** A change that a person makes, as far as it has come. */
export interface Change {
  readonly busy: boolean;
  readonly error: ApiError | null;
  /** Makes it; tells whether it was made. */
  readonly run: (work: () => Promise<void>) => Promise<boolean>;
}

export function useChange(): Change {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const run = async (work: () => Promise<void>): Promise<boolean> => {
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (reason) {
      setError(reason instanceof ApiError ? reason : new ApiError(0, 'defect', String(reason)));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, run };
}

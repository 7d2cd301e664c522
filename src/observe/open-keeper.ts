import type { RecordKeeper } from './record-keeper.ts';
import type { RecordPlace } from './record-place.ts';
import { RecordWriter } from './record-writer.ts';
import type { PersonalKind } from './redact/finding.ts';
import { houseRedactor } from './redact/house-redactor.ts';
import type { RetentionLimits } from './retention.ts';

/** The keeper for a place; opened by its first step. The driver of a server is loaded for that alone. */
export async function openKeeper(
  { directory, postgres }: RecordPlace,
  retention: RetentionLimits,
  personal?: readonly PersonalKind[],
): Promise<RecordKeeper> {
  if (postgres === null) return new RecordWriter(directory, retention, personal);
  const { PostgresWriter } = await import('./postgres/writer.ts');
  const redactor = houseRedactor(directory, personal);
  return new PostgresWriter({ address: postgres, maxAgeMs: retention.maxAgeMs, redactor });
}

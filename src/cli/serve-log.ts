import type { LogsConfig } from '../config/observing.ts';
import { openOutput } from '../observe/log/destination.ts';
import { HouseLog } from '../observe/log/house-log.ts';
import { Redactor } from '../observe/redact/redactor.ts';
import { redactionSalt } from '../observe/redact/salt.ts';

/** The log of a gateway that runs in this process, on standard output. */
export interface ServeLog {
  readonly log: HouseLog;
  /** Writes what waits. */
  close(): void;
}

/** @param data the data directory, where the salt of placeholders is kept */
export async function openServeLog({ level, format, successes }: LogsConfig, data: string): Promise<ServeLog> {
  const terminal = process.stdout.isTTY;
  const output = await openOutput(format, { terminal, colour: terminal && (process.env['NO_COLOR'] ?? '') === '' });
  const redactor = new Redactor({ salt: redactionSalt(data), personal: ['email', 'phone', 'card', 'iban'] });
  const log = new HouseLog({ level, successes, redactor, destination: output.destination });
  return {
    log,
    close() {
      log.flush();
      output.close();
    },
  };
}

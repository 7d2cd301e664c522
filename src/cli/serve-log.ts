import type { Config } from '../config/config.ts';
import { openOutput } from '../observe/log/destination.ts';
import { HouseLog } from '../observe/log/house-log.ts';
import { houseRedactor } from '../observe/redact/house-redactor.ts';

/** The log of a gateway that runs in this process, on standard output. */
export interface ServeLog {
  readonly log: HouseLog;
  /** Writes what waits. */
  close(): Promise<void>;
}

export async function openServeLog({ logs, data, redaction }: Config): Promise<ServeLog> {
  const { level, format, successes } = logs;
  const terminal = process.stdout.isTTY;
  const output = await openOutput(format, { terminal, colour: terminal && (process.env['NO_COLOR'] ?? '') === '' });
  const redactor = houseRedactor(data, redaction.personal);
  const log = new HouseLog({ level, successes, redactor, destination: output.destination });
  return {
    log,
    close() {
      log.flush();
      return output.close();
    },
  };
}

import { cpus, totalmem } from 'node:os';

/** The machine's name as a result must carry it: figures of another one say little. */
export function machine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${processors.length} cores, ${memory} GB, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}

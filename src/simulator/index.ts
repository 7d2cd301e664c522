export { startSimulator } from './simulator.ts';
export type { Simulator, SimulatorOptions } from './simulator.ts';
export type { Abort, SeenRequest, SimulatorStats } from './ledger.ts';
export { FAULTS } from './faults.ts';
export type { Misbehaviour } from './faults/misbehaviour.ts';

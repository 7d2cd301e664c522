export { type Config, type NewTarget, type TargetConfig, withTarget } from '../config/config.ts';
export { loadConfig, type LoadOptions } from '../config/load.ts';
export { type RunningGateway, startGateway, type StartOptions } from './start.ts';

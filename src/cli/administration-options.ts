// Apart from the work itself, which is loaded when it is asked for: it has no place in the memory of other commands.

/** What each command takes that works on the database itself. */
export interface AdministrationOptions {
  readonly config?: string;
  readonly data?: string;
  readonly json?: true;
}

export const DATA_OPTION = ['--data <dir>', 'data directory; left out: HOLDFAST_DATA, then ./data'] as const;
export const CONFIG_OPTION = [
  '-c, --config <file>',
  'configuration file that names the database; left out: HOLDFAST_DATABASE, then the data directory',
] as const;
export const JSON_OPTION = ['--json', 'print JSON'] as const;

/** Gathers an option that may be given several times. */
export function several(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { ApiError } from '../api.ts';

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  /** What the gateway says is wrong with it. */
  readonly wrong?: string | undefined;
  readonly children: (attributes: { readonly id: string; readonly 'aria-describedby'?: string }) => ComponentChildren;
}

/** An input with its label, what to write, and what was wrong with what was written. */
export function Field({ label, hint, wrong, children }: FieldProps): JSX.Element {
  const id = useId();
  const about = `${id}-about`;
  const described = hint !== undefined || wrong !== undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(described ? { id, 'aria-describedby': about } : { id })}
      {described ? (
        <span id={about} class={wrong === undefined ? 'hint' : 'wrong'}>
          {wrong ?? hint}
        </span>
      ) : null}
    </div>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly hint?: string;
  readonly wrong?: string | undefined;
  readonly placeholder?: string;
  readonly type?: 'text' | 'password' | 'number' | 'search';
  readonly required?: boolean;
  readonly autofocus?: boolean;
  readonly name?: string;
}

export function TextField({
  label,
  value,
  change,
  hint,
  wrong,
  placeholder,
  type = 'text',
  required,
  autofocus,
  name,
}: TextFieldProps): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => (autofocus === true ? field.current?.focus() : undefined), [autofocus]);
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(attributes) => (
        <input
          {...attributes}
          ref={field}
          // Each kind of input has a type of its own here, and none for one that is chosen.
          type={type as 'text'}
          name={name}
          value={value}
          placeholder={placeholder}
          required={required}
          autofocus={autofocus}
          autocomplete="off"
          spellcheck={false}
          step="any"
          onInput={(event) => change(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly change: (value: string) => void;
}

export function SelectField({ label, value, options, change }: SelectFieldProps): JSX.Element {
  return (
    <Field label={label}>
      {(attributes) => (
        <select {...attributes} value={value} onChange={(event) => change(event.currentTarget.value)}>
          {options.map(([option, text]) => (
            <option key={option} value={option}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** What an error says of one field, if it does. */
export function wrongWith(error: ApiError | null, field: string): string | undefined {
  const problem = error?.problems.find((one) => one.field === field);
  return problem === undefined ? undefined : `${problem.wrong}. ${problem.fix}`;
}

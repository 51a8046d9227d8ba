import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { parameter } from "./format.ts";

/* Fields with their labels. */

interface Labelled {
  readonly label: string;
  readonly help?: string;
}

interface SelectProps<T extends string | number> extends Labelled {
  readonly value: T;
  readonly choices: readonly { readonly value: T; readonly title: string }[];
  readonly onChange: (value: T) => void;
}

export function Select<T extends string | number>({ label, help, value, choices, onChange }: SelectProps<T>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} title={help}>
        {label}
      </label>
      <select
        id={id}
        value={String(choices.findIndex((choice) => choice.value === value))}
        onChange={(event) => onChange(choices[Number(event.currentTarget.value)]!.value)}
      >
        {choices.map((choice, i) => (
          <option key={choice.title} value={String(i)}>
            {choice.title}
          </option>
        ))}
      </select>
    </div>
  );
}

interface SliderProps extends Labelled {
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly shown?: string;
  readonly onChange: (value: number) => void;
}

export function Slider({ label, help, value, least, most, step, shown, onChange }: SliderProps) {
  const id = useId();
  return (
    <div class="field slider">
      <label for={id} title={help}>
        {label}
      </label>
      <output for={id}>{shown ?? value}</output>
      <input
        id={id}
        type="range"
        min={least}
        max={most}
        step={step}
        value={value}
        aria-valuetext={shown}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
    </div>
  );
}

interface StepperProps extends Labelled {
  readonly value: number;
  readonly least: number;
  readonly most: number;
  /** The values that the buttons and the arrow keys go through. */
  readonly choices: readonly number[];
  readonly whole?: boolean;
  readonly onChange: (value: number) => void;
}

/** A number: typed, or chosen step by step among the usual ones. */
export function Stepper({ label, help, value, least, most, choices, whole = false, onChange }: StepperProps) {
  const id = useId();
  const [wrong, setWrong] = useState<string | null>(null);
  // What is being typed stays, whatever the page draws anew meanwhile.
  const [draft, setDraft] = useState<string | null>(null);
  const below = choices.filter((choice) => choice < value).at(-1);
  const above = choices.find((choice) => choice > value);
  const take = (text: string) => {
    const given = text.trim() === "" ? Number.NaN : Number(text);
    setDraft(null);
    if (given >= least && given <= most && (!whole || Number.isInteger(given))) {
      setWrong(null);
      if (given !== value) onChange(given);
      return;
    }
    const kind = whole ? "A whole number" : "A number";
    const comma = /^\s*[-+]?\d*,\d+\s*$/.test(text) ? ` Write a point: ${text.trim().replace(",", ".")}.` : "";
    setWrong(`${kind} from ${parameter(least)} to ${parameter(most)}; it stays ${parameter(value)}.${comma}`);
  };
  const move = (to: number | undefined) => {
    setWrong(null);
    setDraft(null);
    if (to !== undefined) onChange(to);
  };
  return (
    <div class="field stepper">
      <label for={id} title={help}>
        {label}
      </label>
      <div class="stepper-box">
        <button
          type="button"
          class="quiet"
          tabIndex={-1}
          disabled={below === undefined}
          aria-label={`${label} lower`}
          onClick={() => move(below)}
        >
          −
        </button>
        <input
          id={id}
          inputMode="decimal"
          autocomplete="off"
          spellcheck={false}
          value={draft ?? parameter(value)}
          aria-invalid={wrong !== null}
          aria-describedby={wrong === null ? undefined : `${id}-wrong`}
          onInput={(event) => setDraft(event.currentTarget.value)}
          onChange={(event) => take(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
            event.preventDefault();
            move(event.key === "ArrowUp" ? above : below);
          }}
        />
        <button
          type="button"
          class="quiet"
          tabIndex={-1}
          disabled={above === undefined}
          aria-label={`${label} higher`}
          onClick={() => move(above)}
        >
          +
        </button>
      </div>
      {wrong !== null && (
        <p class="wrong" id={`${id}-wrong`} role="alert">
          {wrong}
        </p>
      )}
    </div>
  );
}

interface SwitchProps extends Labelled {
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
}

export function Switch({ label, help, on, onChange }: SwitchProps) {
  return (
    <label class="field switch" title={help}>
      <input type="checkbox" checked={on} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

/** A titled part of the page. */
export function Panel({
  title,
  class: name = "",
  children,
  aside,
}: {
  title: string;
  class?: string;
  children: ComponentChildren;
  aside?: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class={`panel ${name}`} aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

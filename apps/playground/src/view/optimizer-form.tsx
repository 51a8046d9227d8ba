import { optimizers } from "../model/optimizer-list.ts";
import { chooseOptimizer, type OptimizerSettings, optimizerEntry, spaced } from "../model/optimizers.ts";
import { Select, Stepper, Switch } from "./controls.tsx";

interface Props {
  readonly settings: OptimizerSettings;
  readonly onChange: (settings: OptimizerSettings) => void;
  readonly formula?: boolean;
}

const kinds = optimizers.map(({ kind, title }) => ({ value: kind, title }));

/** An optimizer and all of its parameters. */
export function OptimizerForm({ settings, onChange, formula = false }: Props) {
  const entry = optimizerEntry(settings.kind);
  const set = (name: string, value: number | boolean) =>
    onChange({ ...settings, values: { ...settings.values, [name]: value } });
  return (
    <div class="optimizer">
      <Select
        label="Optimizer"
        value={settings.kind}
        choices={kinds}
        onChange={(kind) => onChange(chooseOptimizer(kind))}
      />
      <div class="parameters">
        {entry.parameters.map(({ name, default: usual, help, least = 0, most = 1, choices = [] }) =>
          typeof usual === "boolean" ? (
            <Switch
              key={name}
              label={spaced(name)}
              help={help}
              on={settings.values[name] === true}
              onChange={(on) => set(name, on)}
            />
          ) : (
            <Stepper
              key={name}
              label={spaced(name)}
              help={help}
              value={settings.values[name] as number}
              least={least}
              most={most}
              choices={choices}
              onChange={(value) => set(name, value)}
            />
          ),
        )}
      </div>
      {formula && (
        <section class="formula" aria-label={`The update of ${entry.title}`}>
          {entry.formula.map((line) => (
            <p key={line}>{line}</p>
          ))}
        </section>
      )}
    </div>
  );
}

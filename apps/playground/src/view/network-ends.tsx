import { useRef } from "preact/hooks";
import { className, featureNames, isPlanar, type Run } from "../model/run.ts";
import { neuronSize } from "../worker/protocol.ts";
import { type Geometry, placed } from "./geometry.ts";
import { useDraw } from "./hooks.ts";
import { featurePicture } from "./node-pictures.ts";
import { palette } from "./palette.ts";
import { drawIndices } from "./raster.ts";

/* Both ends of a network: what enters, and what comes out. */

interface Props {
  readonly run: Run;
  readonly onChange: (patch: Partial<Run>) => void;
}

/** The last column. */
export function Outputs({ run, geometry }: { run: Run; geometry: Geometry }) {
  const last = geometry.columns.at(-1)!;
  const colors = palette();
  const many = last.length > 1;
  const names = run.data === "own" ? run.names : [];
  return (
    <>
      {last.map(({ x, y }, unit) => (
        <div
          class="node output"
          style={placed(x, y)}
          key={`${run.data} ${last.length} ${unit}`}
          role="img"
          aria-label={many ? `Output for ${className(names, unit)}` : "Output"}
        >
          <canvas
            data-layer={run.layers.length}
            data-unit={unit}
            width={1}
            height={1}
            style={many && run.data !== "digits" ? { background: colors.classColor(unit) } : undefined}
          />
          {many && (
            <span class="output-name" title={names[unit]}>
              {names[unit] ?? unit}
            </span>
          )}
        </div>
      ))}
    </>
  );
}

/** The first column; features of the plane are switched on and off. */
export function Inputs({ run, geometry, onChange }: { run: Run; geometry: Geometry; onChange: Props["onChange"] }) {
  const places = geometry.columns[0]!;
  if (!isPlanar(run.data)) {
    const names = run.data === "digits" ? ["8 × 8"] : ["e₁", "e₂"];
    return (
      <>
        {names.map((name, i) => (
          <div class="node input on" style={placed(places[i]!.x, places[i]!.y)} key={name}>
            <span class="input-name">{name}</span>
            <InputPicture name={run.data === "digits" ? null : i === 0 ? "x" : "y"} />
          </div>
        ))}
      </>
    );
  }
  const toggle = (name: (typeof featureNames)[number]) => {
    const features = featureNames.filter((each) => (each === name) !== run.features.includes(each));
    if (features.length > 0) onChange({ features });
  };
  return (
    <>
      {featureNames.map((name, i) => {
        const on = run.features.includes(name);
        return (
          <button
            type="button"
            class={`node input ${on ? "on" : "off"}`}
            style={placed(places[i]!.x, places[i]!.y)}
            aria-pressed={on}
            aria-label={`Input ${name}`}
            title={on && run.features.length === 1 ? "A network needs an input" : `Input ${name}`}
            onClick={() => toggle(name)}
            key={name}
          >
            <span class="input-name">{name}</span>
            <InputPicture name={name} />
          </button>
        );
      })}
    </>
  );
}

function InputPicture({ name }: { name: (typeof featureNames)[number] | null }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useDraw(() => {
    const colors = palette();
    if (ref.current === null) return;
    if (name === null) drawIndices(ref.current, digitZero, colors.values, 8);
    else drawIndices(ref.current, featurePicture(name), colors.values, neuronSize);
  }, [name]);
  return <canvas ref={ref} />;
}

// A zero as a pen would write it, to stand for all images.
const digitZero = Uint8Array.from({ length: 64 }, (_, i) => {
  const [x, y] = [(i % 8) - 3.5, Math.floor(i / 8) - 3.5];
  return 128 + Math.round(120 * Math.exp(-(((Math.hypot(x * 1.35, y) - 2.7) / 0.8) ** 2)));
});

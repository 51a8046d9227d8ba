import { useMemo, useRef } from "preact/hooks";
import { questionOf } from "../data/catalog.ts";
import { limits, outputWidth, type Run } from "../model/run.ts";
import { trainer } from "../state.ts";
import { neuronSize, surfaceSize } from "../worker/protocol.ts";
import { Caption } from "./caption.tsx";
import { type Geometry, layOut, placed } from "./geometry.ts";
import { useDraw, useSize } from "./hooks.ts";
import { drawLines } from "./lines.ts";
import { Inputs, Outputs } from "./network-ends.tsx";
import { imagePictures } from "./node-pictures.ts";
import { palette } from "./palette.ts";
import { drawIndices, prepareCanvas } from "./raster.ts";
import { watched } from "./watched.ts";

interface Props {
  readonly run: Run;
  readonly onChange: (patch: Partial<Run>) => void;
}

/** The network: inputs, layers, weights, each neuron with its own picture. */
export function Network({ run, onChange }: Props) {
  const [ref, width] = useSize<HTMLDivElement>();
  const lines = useRef<HTMLCanvasElement>(null);
  const nodes = useRef<HTMLDivElement>(null);
  const geometry = useMemo(() => layOut(run, width), [run, width]);
  const digits = run.data === "digits";
  useDraw(() => {
    const view = trainer.snapshot.value?.lanes[0];
    const colors = palette();
    if (lines.current === null || nodes.current === null || width === 0) return;
    const context = prepareCanvas(lines.current, geometry.width, geometry.height);
    // A picture may be of the network before a layer was added or taken away.
    if (!view?.weights || !fits(view.weights, geometry)) return;
    drawLines(context, geometry, view.weights, colors, digits, watched.value);
    const outputs = outputWidth(questionOf(run));
    const images = digits ? imagePictures(view.weights, run.layers, outputs) : null;
    let at = 0;
    for (const canvas of nodes.current.querySelectorAll<HTMLCanvasElement>("canvas[data-layer]")) {
      const [layer, unit] = [Number(canvas.dataset.layer), Number(canvas.dataset.unit)];
      if (images !== null) drawIndices(canvas, images[layer]!, colors.values, 8, unit * 64);
      else if (layer < run.layers.length && view.neurons)
        drawIndices(canvas, view.neurons, colors.values, neuronSize, at++ * neuronSize ** 2);
      else if (outputs === 1 && view.surface) drawIndices(canvas, view.surface, colors.values, surfaceSize);
    }
  }, [geometry, run]);
  return (
    <>
      <div class="network-scroll" ref={ref}>
        <div class="network" style={{ width: `${geometry.width}px`, height: `${geometry.height}px` }} ref={nodes}>
          <div class="lines" aria-hidden="true">
            <canvas ref={lines} style={{ width: `${geometry.width}px`, height: `${geometry.height}px` }} />
          </div>
          <LayerButtons run={run} geometry={geometry} onChange={onChange} />
          <Inputs run={run} geometry={geometry} onChange={onChange} />
          {run.layers.map((units, layer) =>
            Array.from({ length: units }, (_, unit) => (
              <Neuron key={`${layer}.${unit}`} layer={layer} unit={unit} geometry={geometry} />
            )),
          )}
          <Outputs run={run} geometry={geometry} />
        </div>
      </div>
      <Caption run={run} />
    </>
  );
}

function fits(weights: readonly Float32Array[], { columns, entering }: Geometry): boolean {
  if (weights.length !== 2 * (columns.length - 1)) return false;
  if (entering.length > 1 && weights[0]!.length !== entering.length * columns[1]!.length) return false;
  return columns.slice(1).every((column, i) => weights[2 * i + 1]!.length === column.length);
}

function Neuron({ layer, unit, geometry }: { layer: number; unit: number; geometry: Geometry }) {
  const { x, y } = geometry.columns[layer + 1]![unit]!;
  const look = () => {
    watched.value = { layer, unit };
  };
  const leave = () => {
    watched.value = null;
  };
  return (
    <button
      type="button"
      class="node neuron"
      style={placed(x, y)}
      aria-label={`Layer ${layer + 1}, neuron ${unit + 1}: show its picture`}
      onPointerEnter={look}
      onPointerLeave={leave}
      onFocus={look}
      onBlur={leave}
    >
      <canvas data-layer={layer} data-unit={unit} width={1} height={1} />
    </button>
  );
}

function LayerButtons({ run, geometry, onChange }: { run: Run; geometry: Geometry; onChange: Props["onChange"] }) {
  const { layers } = run;
  const [least, most] = limits.neurons;
  const resize = (layer: number, units: number) => onChange({ layers: layers.with(layer, units) });
  return (
    <>
      <div class="layer-count">
        <button
          type="button"
          class="round"
          disabled={layers.length === 0}
          aria-label="Remove the last layer"
          onClick={() => onChange({ layers: layers.slice(0, -1) })}
        >
          −
        </button>
        <span>
          {layers.length} hidden {layers.length === 1 ? "layer" : "layers"}
        </span>
        <button
          type="button"
          class="round"
          disabled={layers.length === limits.layers}
          aria-label="Add a layer"
          onClick={() => onChange({ layers: [...layers, layers.at(-1) ?? 4] })}
        >
          +
        </button>
      </div>
      {layers.map((units, layer) => (
        <div class="neuron-count" style={{ left: `${geometry.columns[layer + 1]![0]!.x}px` }} key={`column ${layer}`}>
          <button
            type="button"
            class="round"
            disabled={units <= least}
            aria-label={`Layer ${layer + 1}: one neuron less`}
            onClick={() => resize(layer, units - 1)}
          >
            −
          </button>
          <span>
            {units}
            <span class="visually-hidden"> neurons</span>
          </span>
          <button
            type="button"
            class="round"
            disabled={units >= most}
            aria-label={`Layer ${layer + 1}: one neuron more`}
            onClick={() => resize(layer, units + 1)}
          >
            +
          </button>
        </div>
      ))}
    </>
  );
}

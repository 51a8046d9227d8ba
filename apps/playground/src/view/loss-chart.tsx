import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Client } from "../worker/client.ts";
import { count } from "./format.ts";
import { useDraw, useSize } from "./hooks.ts";
import { isDark } from "./palette.ts";

/** A curve: its name, its colour (or the property that holds it), and which column of the client's curves it shows. */
export interface Series {
  readonly label: string;
  readonly color: string;
  readonly column: number;
  readonly dashed?: boolean;
}

interface Props {
  readonly client: Client;
  readonly series: readonly Series[];
  readonly label: string;
}

const font = '11px ui-sans-serif, system-ui, "Segoe UI", Roboto, sans-serif';

/** The ends of the loss axis. A loss of zero is drawn at its lower end: a logarithm has none. */
function lossRange(least: number | null, most: number | null): [number, number] {
  const low = Math.max(1e-38, least ?? 0.1);
  const high = Math.max(low, most ?? 1);
  const middle = Math.sqrt(low * high);
  return [Math.min(low, middle / 1.5), Math.max(high, middle * 1.5)];
}

/** Where the loss axis is marked: at powers of ten, at twos and fives besides where there are few of them. */
function lossSplits(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  const steps = decades < 0.7 ? [1, 1.5, 2, 3, 4, 5, 6, 8] : decades < 2.2 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / 6));
  const splits: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    if (power % every !== 0) continue;
    for (const step of steps) splits.push(Number(`${step}e${power}`));
  }
  return splits.filter((split) => split >= low * 0.999 && split <= high * 1.001);
}

const lossLabel = (value: number) =>
  value >= 1e4 || value < 1e-3 ? value.toExponential().replace("e+", "e").replace("-", "−") : String(value);

function makeChart(host: HTMLElement, width: number, height: number, { series }: Props): uPlot {
  const style = getComputedStyle(host);
  const [ink, line] = [style.getPropertyValue("--soft"), style.getPropertyValue("--line")];
  const axis: uPlot.Axis = {
    ...{ stroke: ink, font, gap: 4 },
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
  };
  return new uPlot(
    {
      width,
      height,
      padding: [8, 14, 0, 0],
      cursor: { points: { size: 6 }, drag: { x: false, y: false } },
      legend: { show: false },
      scales: {
        x: { time: false },
        y: { distr: 3, range: (_, least, most) => lossRange(least, most) },
      },
      axes: [
        {
          ...axis,
          size: 28,
          space: 60,
          values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? count(tick) : "")),
        },
        {
          ...axis,
          size: 44,
          splits: (_, __, low, high) => lossSplits(low, high),
          // Without a filter of its own a logarithmic axis leaves out labels.
          filter: (_, splits) => splits,
          values: (_, splits) => splits.map(lossLabel),
        },
      ],
      series: [
        {},
        ...series.map(({ label, color, dashed }) => ({
          ...{
            label,
            stroke: color.startsWith("--") ? style.getPropertyValue(color) : color,
            width: 1.75,
            points: { show: false },
          },
          ...(dashed && { dash: [5, 4] }),
        })),
      ],
    },
    [[], ...series.map(() => [])],
    host,
  );
}

/** Loss curves that follow a training, with a logarithmic scale. They fill the room that they are given. */
export function LossChart(props: Props) {
  const { client, series, label } = props;
  const [ref, width, height] = useSize<HTMLDivElement>();
  const chart = useRef<uPlot | null>(null);
  const dark = isDark.value;
  const key = series.map((each) => `${each.label}${each.color}`).join();
  const draw = () => {
    client.snapshot.value;
    const { curves } = client;
    const columns = [curves[0] ?? [], ...series.map(({ column }) => curves[column] ?? [])];
    chart.current?.setData(columns as uPlot.AlignedData);
    // Axes without curves would say nothing.
    if (ref.current !== null) ref.current.style.visibility = columns[0]!.length === 0 ? "hidden" : "";
  };
  useEffect(() => {
    if (ref.current === null || width === 0) return;
    chart.current = makeChart(ref.current, width, height, props);
    draw();
    return () => chart.current?.destroy();
  }, [width, height, dark, key]);
  useDraw(draw, [client, key]);
  return (
    <div class="chart" role="img" aria-label={label}>
      <div ref={ref} />
    </div>
  );
}

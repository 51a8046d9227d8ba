import { useComputed } from "@preact/signals";
import { useRef } from "preact/hooks";
import { short } from "../view/format.ts";
import { useDraw, useSize } from "../view/hooks.ts";
import { isDark } from "../view/palette.ts";
import { prepareCanvas } from "../view/raster.ts";
import type { Client } from "../worker/client.ts";

interface Props {
  readonly client: Client;
  readonly lane: number;
  readonly color: string;
}

const height = 52;

/** What an optimizer keeps beside the weights, slot by slot, as histograms. */
export function Slots({ client, lane, color }: Props) {
  // A text compares by its content: the figures are made anew only when there are other slots.
  const names = useComputed(() => (client.snapshot.value?.lanes[lane]?.slots ?? []).map(({ name }) => name).join());
  if (names.value === "") return <p class="about">Nothing is kept from step to step.</p>;
  return (
    <>
      {names.value.split(",").map((name, i) => (
        <Slot key={name} client={client} lane={lane} color={color} index={i} name={name} />
      ))}
    </>
  );
}

function Slot({ client, lane, color, index, name }: Props & { index: number; name: string }) {
  const [ref, width] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const slot = () => client.snapshot.value?.lanes[lane]?.slots?.[index];
  const least = useComputed(() => short(slot()?.least ?? 0));
  const most = useComputed(() => short(slot()?.most ?? 0));
  useDraw(() => {
    const present = slot();
    isDark.value;
    if (canvas.current === null || width === 0 || present === undefined) return;
    const context = prepareCanvas(canvas.current, width, height);
    const peak = Math.max(1, ...present.counts);
    const bar = width / present.counts.length;
    context.fillStyle = color;
    // Roots, so that a few values beside a crowd can be seen.
    for (const [i, value] of present.counts.entries()) {
      const size = value === 0 ? 0 : Math.max(2, Math.sqrt(value / peak) * (height - 2));
      context.fillRect(i * bar + 0.5, height - size, bar - 1, size);
    }
  }, [client, lane, index, width, color]);
  const log = client.snapshot.peek()?.lanes[lane]?.slots?.[index]?.log;
  return (
    <figure class="slot">
      <figcaption>
        <b>{name}</b>
        {log && <span>powers of ten</span>}
      </figcaption>
      <div ref={ref}>
        <canvas
          ref={canvas}
          style={{ width: "100%", height: `${height}px` }}
          role="img"
          aria-label={`Histogram of ${name}`}
        />
      </div>
      <div class="slot-range">
        <span>{least}</span>
        <span>{most}</span>
      </div>
    </figure>
  );
}

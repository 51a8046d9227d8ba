import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useSize } from "../view/hooks.ts";
import { Card } from "./card.tsx";
import { layOut, nodeSize, type Places, pathOf } from "./layout.ts";
import { GraphNode } from "./node.tsx";
import { nodeOf, type Reveal, revealAt } from "./reveal.ts";
import type { Moment, Scene } from "./scene.ts";
import { goTo, view } from "./views.ts";

/** The scale of the graph. `"fit"` shows its full width; `null` does so as long as the text stays readable. */
export const zoom = signal<number | "fit" | null>(null);

const zooms = [0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5];
/** Above the sheet, in CSS pixels. */
const roomForButtons = 34;
/** Below this size little can be read. */
const smallestToRead = 0.7;

/** The next size in a direction. */
export function zoomBy(direction: 1 | -1, present: number): void {
  const next =
    direction > 0 ? zooms.find((each) => each > present + 0.01) : zooms.findLast((each) => each < present - 0.01);
  if (next !== undefined) zoom.value = next;
}

/** The tape, laid out, with what has happened so far. */
export function Graph({ scene }: { scene: Scene }) {
  const [ref, room] = useSize<HTMLDivElement>();
  const places = useMemo(() => layOut(scene), [scene]);
  const [looked, setLooked] = useState<{ node: number; at: HTMLElement } | null>(null);
  const [scrolled, setScrolled] = useState(0);
  const moment = view.value.moment.value;
  const reveal = useMemo(() => revealAt(scene, moment), [scene, moment]);
  const present = nodeOf(scene, moment);
  const fit = room === 0 ? 1 : Math.min(1, room / Math.max(1, places.width));
  const scale = zoom.value === "fit" ? fit : (zoom.value ?? Math.max(smallestToRead, fit));
  const box = ref.current;
  const moved = useRef(false);
  useEffect(() => {
    if (box === null) return;
    const at = present === null ? { x: places.width / 2, y: 0 } : places.nodes[present]!;
    const calm = !moved.current || matchMedia("(prefers-reduced-motion: reduce)").matches;
    moved.current = true;
    box.scrollTo({
      left: at.x * scale - box.clientWidth / 2,
      top: at.y * scale + roomForButtons - box.clientHeight / 2,
      behavior: calm ? "auto" : "smooth",
    });
  }, [box, present, places, scale]);
  const here = scene.moments[moment]!;
  return (
    <div class="look-graph-frame">
      <section
        class="look-graph"
        ref={ref}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
        tabIndex={0}
        aria-label="The tape"
        onScroll={() => setScrolled(scrolled + 1)}
      >
        <div class="look-sizer" style={`width: ${places.width * scale}px; height: ${places.height * scale}px`}>
          <div
            class="look-sheet"
            style={`width: ${places.width}px; height: ${places.height}px; transform: scale(${scale})`}
          >
            <Edges scene={scene} places={places} reveal={reveal} here={here} />
            {scene.nodes.map((node, i) => (
              <GraphNode
                key={i}
                node={node}
                place={places.nodes[i]!}
                size={nodeSize[node.kind]}
                shown={{ value: reveal.values[i]!, gradient: reveal.gradients[i]!, updated: reveal.updated[i]! }}
                here={present === i ? here.kind : null}
                onLook={(at) => setLooked(at === null ? null : { node: i, at })}
                onGo={() => goTo(nextMomentOf(scene, i, moment))}
              />
            ))}
          </div>
        </div>
      </section>
      <div class="look-zoom">
        <button type="button" class="round" aria-label="Smaller" onClick={() => zoomBy(-1, scale)}>
          −
        </button>
        <button type="button" class="round" aria-label="Larger" onClick={() => zoomBy(1, scale)}>
          +
        </button>
        <button
          type="button"
          class="look-fit"
          aria-pressed={scale === fit}
          onClick={() => {
            zoom.value = "fit";
          }}
        >
          Fit
        </button>
      </div>
      {looked !== null && scene.nodes[looked.node] !== undefined && (
        <Card
          node={scene.nodes[looked.node]!}
          at={looked.at}
          scrolled={scrolled}
          value={reveal.values[looked.node]!}
          gradient={reveal.gradients[looked.node]!}
        />
      )}
    </div>
  );
}

/** The next moment that is about a node, from the beginning again behind the last. */
function nextMomentOf({ moments }: Scene, node: number, after: number): number {
  const about = moments.flatMap((moment, i) => (moment.kind !== "begin" && moment.node === node ? [i] : []));
  return about.find((i) => i > after) ?? about[0] ?? after;
}

function Edges({ scene, places, reveal, here }: { scene: Scene; places: Places; reveal: Reveal; here: Moment }) {
  const { edges } = scene;
  const forward = here.kind === "forward" ? here.node : null;
  const backward = here.kind === "backward" ? here.node : null;
  return (
    <svg class="look-edges" width={places.width} height={places.height} aria-hidden="true">
      <defs>
        {["flow", "quiet", "gradient"].map((name) => (
          <marker
            id={`look-${name}`}
            key={name}
            viewBox="0 0 8 8"
            refX="6.5"
            refY="4"
            markerWidth="9"
            markerHeight="9"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path class={`look-tip ${name}`} d="M 0.5 0.5 L 7.5 4 L 0.5 7.5 z" />
          </marker>
        ))}
      </defs>
      {edges.map(({ from, to, gradient }, i) => {
        const points = places.edges[i]!;
        const paired = gradient !== null && reveal.edges[i];
        const active = forward === to;
        const state = active ? "flow" : reveal.values[to] && reveal.values[from] ? "done" : "waiting";
        return (
          <g key={i}>
            <path
              class={`look-edge ${state}`}
              d={pathOf(points, paired ? -4 : 0)}
              marker-end={`url(#look-${active ? "flow" : "quiet"})`}
            />
            {paired && (
              <path
                class={`look-edge gradient ${backward === to ? "now" : ""} ${gradient.slices === null ? "" : "rows"}`}
                d={pathOf([...points].reverse(), 4)}
                marker-end="url(#look-gradient)"
              />
            )}
          </g>
        );
      })}
    </svg>
  );
}

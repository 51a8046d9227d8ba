import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Facts } from "./facts.tsx";
import type { SceneNode } from "./scene.ts";
import { boundOf } from "./thumb.tsx";

interface Props {
  readonly node: SceneNode;
  /** What stands for the node. */
  readonly at: HTMLElement;
  /** Another number whenever the node may have moved. */
  readonly scrolled: number;
  readonly value: boolean;
  readonly gradient: boolean;
}

const gap = 10;

/** What is known of a node at this moment, beside it. */
export function Card({ node, at, scrolled, value, gradient }: Props) {
  const ref = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ left: 0, top: 0 });
  useLayoutEffect(() => {
    const { offsetWidth: width, offsetHeight: height } = ref.current!;
    const box = at.getBoundingClientRect();
    const right = box.right + gap;
    const left = right + width < innerWidth - gap ? right : box.left - gap - width;
    setPlace({ left: Math.max(gap, left), top: Math.max(gap, Math.min(box.top - 8, innerHeight - height - gap)) });
  }, [node, at, scrolled, value, gradient]);
  const [shown] = node.values;
  const arrived = gradient ? (node.gradients.find((each) => each !== null) ?? null) : null;
  return (
    <div ref={ref} class="look-card" role="tooltip" style={`--left: ${place.left}px; --top: ${place.top}px`}>
      <p class="look-card-head">
        <b>{node.title}</b>
        <span>{whatIs(node)}</span>
      </p>
      {node.about !== "" && <p class="about">{node.about}</p>}
      {shown !== undefined && value && <Facts value={shown} bound={boundOf(shown)} />}
      {!value && <p class="about">Its value is not there yet.</p>}
      {arrived !== null && (
        <div class="look-card-gradient">
          <h4>Gradient{node.terms.length > 1 && `, the sum of ${node.terms.length} terms`}</h4>
          <Facts value={arrived} bound={boundOf(arrived)} />
        </div>
      )}
    </div>
  );
}

function whatIs({ kind, line, derivativeOf, isTarget }: SceneNode): string {
  const role = isTarget
    ? "what is differentiated"
    : kind === "op"
      ? "op"
      : kind === "input"
        ? "comes from outside"
        : kind;
  const inner = derivativeOf === null ? "" : `in the derivative of ${derivativeOf}`;
  return [role, inner, line === null ? "" : `line ${line}`].filter((text) => text !== "").join(", ");
}

import { rangeText, shapeText, singleText, sizeOf, summaryText } from "./facts.tsx";
import type { Moment, SceneNode, Shown } from "./scene.ts";
import { boundOf, Thumb } from "./thumb.tsx";

interface Props {
  readonly node: SceneNode;
  readonly place: { readonly x: number; readonly y: number };
  readonly size: readonly [number, number];
  readonly shown: { readonly value: boolean; readonly gradient: boolean; readonly updated: boolean };
  /** What happens to it at this moment. */
  readonly here: Moment["kind"] | null;
  readonly onLook: (at: HTMLElement | null) => void;
  readonly onGo: () => void;
}

/** A value or an op: its name, its shape, its value and its gradient as soon as they are there. */
export function GraphNode({ node, place, size: [width, height], shown, here, onLook, onGo }: Props) {
  const { kind, title, values, gradients, terms, isTarget } = node;
  const value = values[0] ?? null;
  const gradient = shown.gradient ? (gradients.find((each) => each !== null) ?? null) : null;
  const classes = [
    `look-node ${kind}`,
    ...(shown.value ? [] : ["waiting"]),
    ...(isTarget ? ["target"] : []),
    ...(shown.updated ? ["updated"] : []),
    ...(node.derivativeOf === null ? [] : ["inner"]),
    ...(here === null ? [] : ["here", `here-${here}`]),
  ];
  const look = (event: { readonly currentTarget: HTMLElement }) => onLook(event.currentTarget);
  return (
    <button
      type="button"
      class={classes.join(" ")}
      style={`left: ${place.x - width / 2}px; top: ${place.y - height / 2}px; width: ${width}px; height: ${height}px`}
      aria-current={here === null ? undefined : "step"}
      onPointerEnter={look}
      onPointerLeave={() => onLook(null)}
      onFocus={look}
      onBlur={() => onLook(null)}
      onClick={onGo}
      data-node={title}
      data-slices={gradient?.slices === undefined || gradient.slices === null ? undefined : ""}
    >
      <b>{title}</b>
      <span class="visually-hidden">{describe(node, value, gradient, shown)}</span>
      <span class="look-row" aria-hidden="true">
        <small>{smallText(node, value, shown.value)}</small>
        {shown.value && value !== null && sizeOf(value) > 1 && <Thumb cells={value.picture} bound={boundOf(value)} />}
        {gradient !== null && <GradientMark gradient={gradient} />}
      </span>
      {terms.length > 1 && (
        <span
          class={`look-sum ${shown.gradient ? "" : "open"}`}
          aria-hidden="true"
          title={`${terms.length} gradient terms are added up here`}
        >
          Σ{terms.length}
        </span>
      )}
    </button>
  );
}

function smallText({ kind, title }: SceneNode, value: Shown | null, there: boolean): string {
  if (value === null) return "";
  const single = sizeOf(value) === 1;
  if (!single || !there) return shapeText(value.shape);
  // A number is its own name.
  return kind === "input" && /^(true|false|−?[\d.e−∞]+)$/.test(title) ? value.dtype : rangeText(value);
}

/** A gradient as a picture, of slices the rows; a single number as it is. */
function GradientMark({ gradient }: { gradient: Shown }) {
  const { slices } = gradient;
  if (slices !== null) {
    const shown = slices.indices.slice(0, 3).join(", ");
    return (
      <span class="look-gradient rows">
        <small>{slices.count > 3 ? `${shown}…` : shown}</small>
      </span>
    );
  }
  return (
    <span class="look-gradient">
      {sizeOf(gradient) > 1 ? (
        <Thumb cells={gradient.picture} bound={boundOf(gradient)} />
      ) : (
        <small>{singleText(gradient)}</small>
      )}
    </span>
  );
}

/** What is drawn, in words. */
function describe(
  { kind, isTarget, terms }: SceneNode,
  value: Shown | null,
  gradient: Shown | null,
  { value: there, updated }: Props["shown"],
): string {
  const what = isTarget ? "result" : kind === "op" ? "op" : kind;
  const given = value !== null && there ? summaryText(value) : "not there yet";
  const back = gradient === null ? "" : `; gradient ${summaryText(gradient)}`;
  const sum = terms.length > 1 ? `; ${terms.length} gradient terms are added up here` : "";
  return `, ${what}: ${given}${back}${sum}${updated ? "; updated" : ""}`;
}

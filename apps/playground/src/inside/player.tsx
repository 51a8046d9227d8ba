import { useEffect } from "preact/hooks";
import { Select } from "../view/controls.tsx";
import type { Moment, Scene } from "./scene.ts";
import { choose, goTo, playing, view } from "./views.ts";

const millisecondsPerMoment = 900;

/** A moment in a few words. */
export function momentText({ nodes, updates }: Scene, moment: Moment): string {
  if (moment.kind === "begin") return "Before the step";
  const { title } = nodes[moment.node]!;
  switch (moment.kind) {
    case "forward":
      return `Forward: ${title}`;
    case "seed":
      return `The way back begins at ${title}`;
    case "sum":
      return `Gradients meet at ${title}`;
    case "backward":
      return `Backward: the derivative of ${title}`;
    case "update":
      return `Update of ${updates[moment.update]!.variable}`;
  }
}

const phases = ["forward", "back", "update"] as const;

/** Which part of the step a moment belongs to. */
const phaseOf = ({ kind }: Moment): (typeof phases)[number] =>
  kind === "begin" || kind === "forward" ? "forward" : kind === "update" ? "update" : "back";

const icons = {
  first: "M3 3h2v10H3zM13 3v10L6 8z",
  back: "M11.5 3v10L4.5 8z",
  play: "M4 2.5v11l9.5-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  forward: "M4.5 3v10l7-5z",
  last: "M11 3h2v10h-2zM3 3v10l7-5z",
} as const;

function Icon({ name }: { name: keyof typeof icons }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d={icons[name]} />
    </svg>
  );
}

/** Forward and back through the moments of a scene. */
export function Player({ scene }: { scene: Scene }) {
  const { moment, chosen, scenes } = view.value;
  const [at, last] = [moment.value, scene.moments.length - 1];
  const go = (to: number) => {
    playing.value = false;
    goTo(to);
  };
  useEffect(() => {
    if (!playing.value) return;
    const timer = setTimeout(() => {
      if (at < last) goTo(at + 1);
      if (at + 1 >= last) playing.value = false;
    }, millisecondsPerMoment);
    return () => clearTimeout(timer);
  }, [playing.value, at, last]);
  const play = () => {
    if (!playing.value && at === last) goTo(0);
    playing.value = !playing.value;
  };
  const parts = phases.map((phase) => ({
    phase,
    count: scene.moments.filter((each) => phaseOf(each) === phase).length,
  }));
  const text = momentText(scene, scene.moments[at]!);
  return (
    <div class="look-player" role="toolbar" aria-label="The step in slow motion">
      <div class="look-buttons">
        <button type="button" aria-label="To the beginning" disabled={at === 0} onClick={() => go(0)} data-go="first">
          <Icon name="first" />
        </button>
        <button type="button" aria-label="Back" disabled={at === 0} onClick={() => go(at - 1)} data-go="back">
          <Icon name="back" />
        </button>
        <button
          type="button"
          class="primary"
          aria-label={playing.value ? "Pause" : "Play"}
          onClick={play}
          data-go="play"
        >
          <Icon name={playing.value ? "pause" : "play"} />
        </button>
        <button type="button" aria-label="Forward" disabled={at === last} onClick={() => go(at + 1)} data-go="forward">
          <Icon name="forward" />
        </button>
        <button type="button" aria-label="To the end" disabled={at === last} onClick={() => go(last)} data-go="last">
          <Icon name="last" />
        </button>
      </div>
      <div class="look-scrubber">
        <div class="look-phases" aria-hidden="true">
          {parts.map(({ phase, count }) => (
            <span class={phase} style={`flex: ${count}`} key={phase}>
              {count > 2 && phase}
            </span>
          ))}
        </div>
        <input
          type="range"
          min={0}
          max={last}
          step={1}
          value={at}
          aria-label="Moment"
          aria-valuetext={text}
          onInput={(event) => go(Number(event.currentTarget.value))}
        />
      </div>
      <p class="look-now" role="status">
        <b>{text}</b>
        <span data-value="moment">
          {at} of {last}
        </span>
      </p>
      {scenes.value.length > 1 && (
        <Select
          label="Shown"
          value={chosen.value}
          choices={scenes.value.map(({ title }, i) => ({ value: i, title }))}
          onChange={(index) => choose(view.value, index)}
        />
      )}
    </div>
  );
}

/** What the arrow keys do, wherever the focus is but in a field. */
export function stepByKey(event: KeyboardEvent, scene: Scene): void {
  const target = event.target as HTMLElement;
  if (event.altKey || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
  const { moment } = view.value;
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: moment.value - 1,
    ArrowRight: moment.value + 1,
    Home: 0,
    End: scene.moments.length - 1,
  };
  const to = moves[event.key];
  if (to === undefined) return;
  event.preventDefault();
  playing.value = false;
  goTo(to);
}

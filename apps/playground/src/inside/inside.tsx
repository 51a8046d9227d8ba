import "../style/inside.css";
import "../style/inside-graph.css";
import "../style/inside-story.css";
import type { Look } from "../model/settings.ts";
import { settings } from "../state.ts";
import { Graph } from "./graph.tsx";
import { Player, stepByKey } from "./player.tsx";
import { ProgramPane } from "./program-pane.tsx";
import { RunPane } from "./run-pane.tsx";
import { Story } from "./story.tsx";
import { scene, view } from "./views.ts";

const titles: Readonly<Record<Look, string>> = { run: "A step of the run", program: "A program of your own" };

/** One step in slow motion. */
export function InsidePart() {
  const { look } = settings.value.inside;
  const shown = scene.value;
  const select = (next: Look) => {
    settings.value = { ...settings.value, inside: { ...settings.value.inside, look: next } };
  };
  return (
    <div class={`look ${look}`}>
      <div class="panel look-source">
        <div class="look-choice" role="radiogroup" aria-label="What to look into">
          {(Object.keys(titles) as Look[]).map((name) => (
            <label key={name}>
              <input type="radio" name="look" checked={look === name} onChange={() => select(name)} />
              <span>{titles[name]}</span>
            </label>
          ))}
        </div>
        {look === "run" ? <RunPane /> : <ProgramPane />}
      </div>
      {shown !== null && (
        // biome-ignore lint/a11y/noStaticElementInteractions: the keys are shortcuts for the buttons inside
        <div class="look-stage" onKeyDown={(event) => stepByKey(event, shown)}>
          <Player scene={shown} />
          <div class="look-grid">
            <Graph scene={shown} />
            <Story scene={shown} at={view.value.moment.value} />
          </div>
        </div>
      )}
    </div>
  );
}

import { mostClasses } from "../data/points.ts";
import { className } from "../model/run.ts";
import { settings } from "../state.ts";
import { count } from "./format.ts";
import { OwnFile } from "./own-file.tsx";
import { brush, history, ownPoints, setPoints, undo } from "./own-points.ts";
import { palette } from "./palette.ts";

/** The brush, and where points may come from. */
export function OwnData() {
  const set = ownPoints();
  return (
    <div class="own">
      {set.classes > 0 || set.points.length === 0 ? (
        <Brushes classes={Math.max(2, set.classes, brush.value + 1)} />
      ) : (
        <p class="about">These points carry numbers: to paint classes, clear them first.</p>
      )}
      <p class="about">
        {count(set.points.length)} points. Paint on the plane; with the keyboard, arrows move the brush and Space puts a
        point.
      </p>
      <div class="row">
        <button type="button" disabled={history.value.length === 0} onClick={undo}>
          Undo
        </button>
        <button type="button" disabled={set.points.length === 0} onClick={() => setPoints({ classes: 2, points: [] })}>
          Clear
        </button>
      </div>
      <OwnFile />
    </div>
  );
}

function Brushes({ classes }: { classes: number }) {
  const colors = palette();
  const { names } = settings.value.train;
  const choose = (index: number) => {
    brush.value = index;
  };
  return (
    <div class="brushes" role="radiogroup" aria-label="Class to paint">
      {Array.from({ length: classes }, (_, i) => (
        <label class="brush" key={i} title={`Paint ${className(names, i)}`}>
          <input
            type="radio"
            name="brush"
            checked={brush.value === i}
            onChange={() => choose(i)}
            aria-label={names[i] ?? `Class ${i}`}
          />
          <span style={{ background: colors.classColor(i) }} />
        </label>
      ))}
      {classes < mostClasses && (
        <button
          type="button"
          class="round"
          aria-label="Add a class"
          title="Add a class"
          onClick={() => choose(classes)}
        >
          +
        </button>
      )}
      {names[brush.value] !== undefined && <span class="brush-name">{names[brush.value]}</span>}
    </div>
  );
}

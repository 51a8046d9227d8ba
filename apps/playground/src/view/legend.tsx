import { questionOf } from "../data/catalog.ts";
import { className, type Run } from "../model/run.ts";
import { palette } from "./palette.ts";

/** What the colours of a surface mean. */
export function Legend({ run }: { run: Run }) {
  const { task, classes } = questionOf(run);
  const colors = palette();
  const names = run.data === "own" ? run.names : [];
  if (task === "classes") {
    return (
      <ul class="legend classes" aria-label="Classes">
        {Array.from({ length: classes }, (_, i) => (
          <li key={i}>
            <i style={{ background: colors.classColor(i) }} />
            {className(names, i)}
          </li>
        ))}
      </ul>
    );
  }
  const [low, high] = task === "regression" ? ["−1", "1"] : [className(names, 0), className(names, 1)];
  return (
    <div class="legend">
      <span>{low}</span>
      <span
        class="ramp"
        style={{ background: `linear-gradient(to right, ${colors.negative()}, ${colors.paper}, ${colors.positive()})` }}
      />
      <span>{high}</span>
    </div>
  );
}

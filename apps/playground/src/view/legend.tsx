import type { Task } from "../model/run.ts";
import { palette } from "./palette.ts";

/** What the colours of a surface mean. */
export function Legend({ task }: { task: Task }) {
  if (task === "classes") return null;
  const colors = palette();
  const [low, high] = task === "regression" ? ["−1", "1"] : ["class 0", "class 1"];
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

import pc from "picocolors";
import { LiveScreen } from "./live.ts";
import { PlainScreen } from "./plain.ts";
import type { Output, Screen } from "./screen.ts";

/** The screen that suits an output: live on a terminal, plain otherwise; `NO_COLOR` is respected. */
export function openScreen(output: Output, environment: NodeJS.ProcessEnv): Screen {
  const live = output.isTTY === true && environment.TERM !== "dumb";
  const colors = pc.createColors(live && !environment.NO_COLOR);
  return live ? new LiveScreen(output, colors) : new PlainScreen(output, colors);
}

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { tell } from "../state.ts";

/** A part of the page whose script is loaded when it is first shown. */
export function lazy(load: () => Promise<ComponentType>): ComponentType {
  let loaded: ComponentType | null = null;
  return function Lazy() {
    const [Part, setPart] = useState<ComponentType | null>(() => loaded);
    useEffect(() => {
      if (Part !== null) return;
      load().then(
        (part) => {
          loaded = part;
          setPart(() => part);
        },
        () => tell("This part of the page could not be loaded. Are you offline? Reload the page."),
      );
    }, []);
    return Part === null ? <p class="about">Loading…</p> : <Part />;
  };
}

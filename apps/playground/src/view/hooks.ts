import { effect } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Runs `draw` now and whenever a signal it reads changes. It takes part in nothing else that the page draws. */
export function useDraw(draw: () => void, inputs: readonly unknown[] = []): void {
  useEffect(() => effect(draw), inputs as unknown[]);
}

/** The width and the height of an element in CSS pixels, followed. */
export function useSize<E extends HTMLElement>(): readonly [RefObject<E | null>, number, number] {
  const ref = useRef<E>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setSize({ width: Math.round(width), height: Math.round(height) });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, size.width, size.height];
}

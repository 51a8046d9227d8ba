import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ProgramOptions } from "../model/program.ts";
import { writeSettings } from "../model/settings.ts";
import { settings, tell } from "../state.ts";
import type { Client } from "../worker/client.ts";
import { count } from "./format.ts";
import { highlight } from "./highlight.ts";

/** Whose program is shown. */
interface Wanted {
  readonly client: Client;
  readonly lane: number;
}

const wanted = signal<Wanted | null>(null);

/** A program, and what it was written for. */
interface Written {
  readonly now: Wanted;
  readonly steps: number;
  readonly text: string;
}

/** Shows the program that trains like a run of the page. The run is paused, so that program and page agree. */
export function showCode(client: Client, lane = 0): void {
  client.pause();
  wanted.value = { client, lane };
}

function download(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Puts a text on the clipboard; false where the browser does not let it. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Copies the address, which holds all settings. */
export async function copyLink(): Promise<void> {
  const link = `${location.href.split("#")[0]}#${writeSettings(settings.value)}`;
  if (await copy(link)) tell("The link is on the clipboard: it holds all settings.", "news");
  else tell("The clipboard could not be written. The address of this page holds all settings: copy it from there.");
}

async function program({ client, lane }: Wanted, steps: number): Promise<string> {
  const run = client.begun[lane]!;
  const [{ writeProgram }, images] = await Promise.all([
    import("../model/program.ts"),
    run.data === "digits" ? import("../worker/images.ts") : null,
  ]);
  const changes = client.changes.filter((change) => change.lane === lane);
  const options: ProgramOptions = { run, steps, changes, digits: images?.packedDigits ?? null };
  return writeProgram(options);
}

/** Long texts that stand for data are cut in what is shown, not in what is copied. */
const shorten = (text: string) => text.replace(/"([A-Za-z0-9+/=:]{60})[A-Za-z0-9+/=]{200,}"/g, '"$1…"');

/** The program for the present settings, to copy or save; and the weights. */
export function TakeHome() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [written, setWritten] = useState<Written | null>(null);
  const [copied, setCopied] = useState("");
  const now = wanted.value;
  const snapshot = now?.client.snapshot.value ?? null;
  const steps = snapshot?.step ?? 0;
  // What was written for another step is not shown, nor copied.
  const text = written?.now === now && written?.steps === steps ? written.text : "";
  useEffect(() => {
    if (now === null) return;
    setCopied("");
    let current = true;
    program(now, steps).then(
      (text) => {
        if (current) setWritten({ now, steps, text });
      },
      () => {
        if (current) setCopied("The program could not be written: its writer did not load. Are you offline?");
      },
    );
    if (dialog.current?.open === false) dialog.current.showModal();
    return () => {
      current = false;
    };
  }, [now, steps]);
  const metrics = snapshot?.lanes[now?.lane ?? 0]?.metrics;
  const take = async () => {
    setCopied((await copy(text)) ? "Copied." : "The clipboard could not be written: save the program instead.");
  };
  const saveWeights = async () => {
    if (now === null) return;
    const bytes = await now.client.weights(now.lane);
    download(`weights-step-${steps}.safetensors`, bytes, "application/octet-stream");
    setCopied(`Saved: ${count(bytes.length)} bytes.`);
  };
  return (
    <dialog
      ref={dialog}
      class="take-home"
      aria-labelledby="take-home-title"
      onClose={() => {
        wanted.value = null;
      }}
    >
      <div class="dialog-head">
        <h2 id="take-home-title">Take it home</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={() => dialog.current?.close()}>
          ✕
        </button>
      </div>
      <p class="about">
        A complete program for Node: from the same seed to the same numbers, to the last bit.
        {metrics !== undefined && (
          <>
            {" "}
            It prints{" "}
            <code data-value="code-result">{`step ${steps}: training loss ${metrics.trainLoss}, test loss ${metrics.testLoss}`}</code>
          </>
        )}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section class="code" tabIndex={0} aria-label="Program">
        <pre>
          <code>{highlight(shorten(text))}</code>
        </pre>
      </section>
      <div class="dialog-actions">
        <button type="button" class="primary" disabled={text === ""} onClick={take} data-action="copy-code">
          Copy
        </button>
        <button
          type="button"
          disabled={text === ""}
          onClick={() => download("playground.mjs", text, "text/javascript")}
        >
          Save playground.mjs
        </button>
        <button type="button" onClick={saveWeights} data-action="weights">
          Save the weights (safetensors)
        </button>
        <span role="status" class="about">
          {copied}
        </span>
      </div>
    </dialog>
  );
}

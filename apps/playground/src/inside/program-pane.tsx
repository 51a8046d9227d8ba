import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { mostLetters } from "../model/settings.ts";
import { settings } from "../state.ts";
import { count } from "../view/format.ts";
import { highlight } from "../view/highlight.ts";
import { examples, programOf } from "./examples.ts";
import { runProgram, stopProgram } from "./program.ts";
import { lineAt } from "./reveal.ts";
import { present, scene, views } from "./views.ts";
import { mostSeconds } from "./wire.ts";

const printed = signal<readonly string[]>([]);
/** The explanations of gradients that are `null`. */
const explanations = signal<readonly string[]>([]);
/** The user's own program, while an example is shown. */
const kept = signal<string | null>(null);
/** The text that was run last, so that what is shown and what is written can be told apart. */
const ran = signal<string | null>(null);

/** An empty text would stand for the first example. */
function write(text: string): void {
  const program = text === "" ? "\n" : text;
  const before = programOf(settings.value.inside.program);
  if (isExample(text) && !isExample(before) && before.trim() !== "") kept.value = before;
  settings.value = { ...settings.value, inside: { ...settings.value.inside, program } };
}

const isExample = (text: string) => examples.some((each) => each.text === text);

let runs = 0;

async function run(text: string): Promise<void> {
  const { busy, problem } = views.program;
  busy.value = true;
  problem.value = null;
  ran.value = text;
  printed.value = [];
  explanations.value = [];
  const number = ++runs;
  const report = await runProgram(text, (line) => {
    if (number === runs) printed.value = [...printed.value, line];
  });
  if (number !== runs) return;
  busy.value = false;
  explanations.value = report.explanations;
  problem.value = report.problem;
  present(views.program, report.scenes);
}

/** A program: written, run, and what it printed. */
export function ProgramPane() {
  const { busy, problem, scenes } = views.program;
  const text = programOf(settings.value.inside.program);
  const example = examples.find((each) => each.text === text);
  // The examples are ours, and begin by themselves; what came with an address waits until somebody has read it.
  useEffect(() => {
    if (ran.value === null && example !== undefined) void run(text);
  }, []);
  const nothing = ran.value === text && !busy.value && problem.value === null && scenes.value.length === 0;
  return (
    <div class="look-program">
      <div class="look-examples">
        <b>Examples</b>
        {examples.map((each) => (
          <button
            type="button"
            key={each.title}
            aria-pressed={each === example}
            title={each.about}
            onClick={() => {
              write(each.text);
              void run(each.text);
            }}
          >
            {each.title}
          </button>
        ))}
        {kept.value !== null && kept.value !== text && (
          <button type="button" onClick={() => write(kept.value ?? "")} data-action="own-program">
            Your program
          </button>
        )}
      </div>
      <p class="about">
        {example?.about ??
          "Everything the program does with the library is recorded. The way back that its optimizer or tape took last is shown; of a loop, the last rounds."}
      </p>
      <Editor text={text} {...(ran.value === text ? linesToMark() : none)} />
      <div class="look-answer">
        <div class="look-actions">
          <button
            type="button"
            class="primary"
            disabled={busy.value}
            onClick={() => run(text)}
            data-action="run-program"
          >
            Run
          </button>
          {busy.value && (
            <button type="button" onClick={() => stopProgram()}>
              Stop
            </button>
          )}
          <span class="about" role="status">
            {busy.value
              ? "Running…"
              : ran.value !== text
                ? `${ran.value === null ? "Not run yet" : "Changed since it ran"}. Ctrl + Enter runs it.`
                : `TypeScript or JavaScript, import "gradtape"; stopped after ${mostSeconds} seconds.`}
          </span>
        </div>
        {problem.value !== null && (
          <div class="look-problem" role="alert">
            {problem.value.line !== null && <b>Line {problem.value.line}</b>}
            <pre data-value="problem">{problem.value.message}</pre>
          </div>
        )}
        {explanations.value.map((why) => (
          <pre class="look-told" data-value="told" key={why}>
            {why}
          </pre>
        ))}
        {text.length > mostLetters && (
          <p class="about">
            {count(text.length)} letters: a link holds at most {count(mostLetters)}, so this program is in none.
          </p>
        )}
        {nothing && <p class="about">The program ran and called nothing of the library.</p>}
        {printed.value.length > 0 && (
          <section class="look-printed" aria-label="Printed">
            <pre>{printed.value.join("\n")}</pre>
          </section>
        )}
      </div>
    </div>
  );
}

/** Lines of the program that are marked: that of a mistake, and the one to which the present moment belongs. */
interface Marks {
  readonly wrong: number | null;
  readonly here: number | null;
}

const none: Marks = { wrong: null, here: null };

function linesToMark(): Marks {
  const { problem, moment } = views.program;
  const here = scene.value === null ? null : lineAt(scene.value, moment.value);
  return { wrong: problem.value?.line ?? null, here };
}

/** In units of the editor's letters. */
const lineHeight = 1.55;

/** A field with line numbers and coloured words. */
function Editor({ text, wrong, here }: Marks & { text: string }) {
  const back = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const element = field.current!;
    if (here === null || document.activeElement === element) return;
    const at = (here - 1) * lineHeight * Number.parseFloat(getComputedStyle(element).fontSize);
    if (at < element.scrollTop || at > element.scrollTop + element.clientHeight - 40) {
      element.scrollTop = at - element.clientHeight / 2;
    }
  }, [here]);
  const lines = text.split("\n");
  const keys = (event: KeyboardEvent & { readonly currentTarget: HTMLTextAreaElement }) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void run(event.currentTarget.value);
  };
  return (
    <div class="look-editor" style={`--lines: ${lines.length}`}>
      <div class="look-behind" aria-hidden="true" ref={back}>
        <pre class="look-lines-count">
          {lines.map((_, i) => (
            <span key={i} class={i + 1 === wrong ? "wrong" : i + 1 === here ? "here" : ""}>
              {i + 1}
              {"\n"}
            </span>
          ))}
        </pre>
        <pre class="look-text">
          {wrong !== null && <i class="look-mark" style={`top: ${(wrong - 1) * lineHeight}em`} />}
          {here !== null && <i class="look-mark here" style={`top: ${(here - 1) * lineHeight}em`} />}
          {highlight(`${text}\n`)}
        </pre>
      </div>
      <textarea
        aria-label="Program"
        value={text}
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        aria-invalid={wrong !== null}
        ref={field}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={keys}
        onScroll={(event) => {
          back.current!.scrollTop = event.currentTarget.scrollTop;
          back.current!.querySelector<HTMLElement>(".look-text")!.style.translate =
            `${-event.currentTarget.scrollLeft}px 0`;
        }}
      />
    </div>
  );
}

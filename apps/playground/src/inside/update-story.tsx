import { useId, useMemo, useState } from "preact/hooks";
import { shapeText } from "./facts.tsx";
import {
  digits,
  type FormulaLine,
  formulaLines,
  givenName,
  largestElement,
  occurrencesOf,
  type Piece,
} from "./formula.ts";
import type { SceneUpdate } from "./scene.ts";

/** The update of a variable: the optimizer's own formula, with the numbers of one element. */
export function UpdateStory({ update }: { update: SceneUpdate }) {
  const largest = useMemo(() => largestElement(update), [update]);
  const [element, setElement] = useState(largest);
  const times = useMemo(() => formulaLines(update, element), [update, element]);
  const size = update.before[0]!.length;
  const named = update.rows === null ? "" : `, rows ${[...new Set(update.rows)].sort((a, b) => a - b).join(", ")} only`;
  return (
    <div class="look-update">
      <p class="about">
        <code>{update.op}</code> on {update.variable} {shapeText(update.shape)}
        {named}.
      </p>
      <ElementChoice update={update} element={element} largest={largest} onChange={setElement} />
      {times.length === 0 && (
        <p>No row of the gradient names this element: it stays {digits(update.before[0]![element]!, update.dtype)}.</p>
      )}
      {times.map((lines, i) => (
        <div key={i}>
          {times.length > 1 && (
            <h3>
              {i + 1} of {times.length}: its row comes {times.length} times
            </h3>
          )}
          <p class="look-given">
            <Mono kind="gradient">{givenName(update)}</Mono> ={" "}
            {digits(occurrencesOf(update, element)[i]!.gradient, update.dtype)}
          </p>
          {lines.map((line) => (
            <Formula key={line.name} line={line} dtype={update.dtype} />
          ))}
        </div>
      ))}
      {size > 1 && times.length > 0 && (
        <p class="about">
          The same for {update.rows === null ? `all ${size} elements` : "all elements of these rows"}, in this order of
          operations. Whoever calculates with these digits in {update.dtype} gets the same bits.
        </p>
      )}
    </div>
  );
}

function Mono({ kind, children }: { kind: string; children: string }) {
  return <span class={`piece-${kind}`}>{children}</span>;
}

const pieces = (list: readonly Piece[]) =>
  list.map(({ kind, text }, i) =>
    kind === "text" ? (
      text
    ) : (
      <Mono key={i} kind={kind}>
        {text}
      </Mono>
    ),
  );

function Formula({ line, dtype }: { line: FormulaLine; dtype: string }) {
  return (
    <dl class="look-formula">
      <dt>
        <Mono kind="new">{`${line.name}′`}</Mono>
      </dt>
      <dd>= {pieces(line.symbols)}</dd>
      <dd class="numbers">= {pieces(line.numbers)}</dd>
      <dd class="result" data-value="formula-result">
        = {digits(line.result, dtype)}
      </dd>
    </dl>
  );
}

interface ChoiceProps {
  readonly update: SceneUpdate;
  readonly element: number;
  readonly largest: number;
  readonly onChange: (element: number) => void;
}

/** Which element is told. */
function ElementChoice({ update: { variable, shape, before }, element, largest, onChange }: ChoiceProps) {
  const id = useId();
  const size = before[0]!.length;
  if (size === 1) return null;
  const places = shape.map((extent, axis) => {
    const inner = shape.slice(axis + 1).reduce((product, each) => product * each, 1);
    return { extent, inner, at: Math.floor(element / inner) % extent };
  });
  return (
    <fieldset class="look-element">
      <legend>
        Element of {variable}
        {element === largest && ", the one with the largest gradient"}
      </legend>
      {places.map(({ extent, inner, at }, axis) => (
        <span key={inner}>
          <label for={`${id}-${axis}`} class="visually-hidden">
            Index along axis {axis}
          </label>
          <input
            id={`${id}-${axis}`}
            type="number"
            min={0}
            max={extent - 1}
            value={at}
            onInput={(event) => {
              const to = event.currentTarget.valueAsNumber;
              if (Number.isInteger(to) && to >= 0 && to < extent) onChange(element + (to - at) * inner);
            }}
          />
        </span>
      ))}
      {element !== largest && (
        <button type="button" class="quiet" onClick={() => onChange(largest)}>
          Largest gradient
        </button>
      )}
    </fieldset>
  );
}

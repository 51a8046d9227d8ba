import type { ComponentChildren } from "preact";
import { Facts, summaryText } from "./facts.tsx";
import { momentText } from "./player.tsx";
import type { Moment, Scene, SceneEdge, Shown } from "./scene.ts";
import { boundOf, Thumb } from "./thumb.tsx";
import { UpdateStory } from "./update-story.tsx";

type Told<K extends Moment["kind"]> = { readonly scene: Scene; readonly moment: Extract<Moment, { kind: K }> };

/** What happens at this moment, at length. */
export function Story({ scene, at }: { scene: Scene; at: number }) {
  const moment = scene.moments[at]!;
  return (
    <section class={`panel look-story ${moment.kind}`} aria-label="What happens">
      <h2>{momentText(scene, moment)}</h2>
      {moment.kind === "begin" && <Begin scene={scene} />}
      {moment.kind === "forward" && <Forward scene={scene} moment={moment} />}
      {moment.kind === "seed" && <Seed scene={scene} moment={moment} />}
      {moment.kind === "sum" && <Sum scene={scene} moment={moment} />}
      {moment.kind === "backward" && <Backward scene={scene} moment={moment} />}
      {moment.kind === "update" && <UpdateStory update={scene.updates[moment.update]!} key={moment.update} />}
    </section>
  );
}

function Line({ name, value, children }: { name: string; value: Shown; children?: ComponentChildren }) {
  return (
    <li>
      <Thumb cells={value.picture} bound={boundOf(value)} />
      <span>
        <b>{name}</b>
        <small>{summaryText(value)}</small>
        {children}
      </span>
    </li>
  );
}

function Begin({ scene }: { scene: Scene }) {
  const { nodes, updates, leftOut } = scene;
  const count = (kind: string) => nodes.filter((node) => node.kind === kind).length;
  const several = nodes.filter(({ terms }) => terms.length > 1).length;
  return (
    <>
      <p>
        The tape of this step: {count("op")} ops, laid out so that what an op takes stands above it. Variables and what
        comes from outside are there; everything else is still empty.
      </p>
      <ul class="look-legend">
        <li>
          <i class="flow" /> values go down, op by op
        </li>
        <li>
          <i class="gradient" /> gradients come back up
        </li>
        {several > 0 && (
          <li>
            <span class="look-sum">Σ2</span> gradients meet, and are added up
          </li>
        )}
        {updates.length > 0 && (
          <li>
            <i class="update" /> then {updates.length === 1 ? "the variable moves" : `${updates.length} variables move`}
          </li>
        )}
      </ul>
      {leftOut !== "" && <p class="about">{leftOut}</p>}
      <p class="about">
        Arrow keys go forward and back. Point at a node, or go to it with the Tab key, to see its shape, range and
        histogram. Press it to go where it comes next.
      </p>
    </>
  );
}

const into = (scene: Scene, node: number) =>
  scene.edges.filter(({ to }) => to === node).sort((a, b) => a.input - b.input);

const titleOf = (scene: Scene, { from }: SceneEdge) => scene.nodes[from]!.title;

function Forward({ scene, moment: { node } }: Told<"forward">) {
  const { values, about, line, derivativeOf } = scene.nodes[node]!;
  const edges = into(scene, node);
  return (
    <>
      {(about !== "" || line !== null || derivativeOf !== null) && (
        <p class="about">
          {[
            line === null ? "" : `Line ${line}`,
            derivativeOf === null ? "" : `called by the derivative of ${derivativeOf}`,
            about,
          ]
            .filter((text) => text !== "")
            .join("; ")}
        </p>
      )}
      <h3>Takes</h3>
      <ul class="look-lines">
        {edges.map((edge) => (
          <Line key={edge.input} name={titleOf(scene, edge)} value={scene.nodes[edge.from]!.values[edge.output]!} />
        ))}
      </ul>
      <h3>Gives</h3>
      {values.map((value, i) => (
        <Facts key={i} value={value} bound={boundOf(value)} />
      ))}
    </>
  );
}

function Seed({ scene, moment: { node } }: Told<"seed">) {
  const gradient = scene.nodes[node]!.gradients.find((each) => each !== null);
  return (
    <>
      <p>
        How much does the result change with each value on the tape? The walk begins with the result itself, whose
        derivative by itself is 1, and goes back op by op.
      </p>
      {gradient != null && <Facts value={gradient} bound={boundOf(gradient)} />}
    </>
  );
}

function Sum({ scene, moment: { node } }: Told<"sum">) {
  const { terms, gradients, title } = scene.nodes[node]!;
  const total = gradients.find((each) => each !== null);
  const users = scene.edges.filter((edge) => edge.from === node && edge.gradient !== null);
  const rows = terms.every(({ slices }) => slices !== null);
  return (
    <>
      <p>
        {title} was used {terms.length} times, so {terms.length} gradients arrive.{" "}
        {rows
          ? "They are rows of a table: they are joined end to end, and nothing is added up before the update."
          : "They are added up."}
      </p>
      <h3>Terms</h3>
      <ul class="look-lines">
        {terms.map((term, i) => (
          <Line key={i} name={originOf(scene, users, term) ?? `term ${i + 1}`} value={term} />
        ))}
      </ul>
      <h3>{rows ? "Joined" : "Sum"}</h3>
      {total != null && <Facts value={total} bound={boundOf(total)} />}
    </>
  );
}

/** The op that a term comes from: the one whose edge shows the same numbers. */
function originOf({ nodes }: Scene, users: readonly SceneEdge[], term: Shown): string | null {
  const text = JSON.stringify(term);
  const user = users.find(({ gradient }) => JSON.stringify(gradient) === text);
  return user === undefined ? null : `from ${nodes[user.to]!.title}`;
}

function Backward({ scene, moment: { node, rule } }: Told<"backward">) {
  const { gradients, title } = scene.nodes[node]!;
  const arrived = gradients.find((each) => each !== null);
  const edges = into(scene, node).filter(({ gradient }) => gradient !== null);
  return (
    <>
      <h3>Arrived at {title}</h3>
      {arrived != null && (
        <ul class="look-lines">
          <Line name="g" value={arrived} />
        </ul>
      )}
      <p class="about">{rule.length === 0 ? "The rule hands it on as it is." : `The rule called ${joined(rule)}.`}</p>
      <h3>Handed on</h3>
      {edges.map((edge) => (
        <div class="look-handed" key={edge.input}>
          <p>
            to <b>{titleOf(scene, edge)}</b>
            {scene.nodes[edge.from]!.terms.length > 1 && (
              <span class="about"> one of {scene.nodes[edge.from]!.terms.length} terms</span>
            )}
          </p>
          <Facts value={edge.gradient!} bound={boundOf(edge.gradient!)} />
        </div>
      ))}
    </>
  );
}

const joined = (names: readonly string[]) =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

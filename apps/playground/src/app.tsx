import type { Tab } from "./model/settings.ts";
import { dismiss, notices, openTab, settings, trainer } from "./state.ts";
import { Drop } from "./view/drop.tsx";
import { lazy } from "./view/lazy.tsx";
import { copyLink, showCode, TakeHome } from "./view/take-home.tsx";
import { Train } from "./view/train.tsx";

const RacePart = lazy(async () => (await import("./race/race.tsx")).RacePart);
const InsidePart = lazy(async () => (await import("./inside/inside.tsx")).InsidePart);

const titles: Readonly<Record<Tab, string>> = { train: "Train", race: "Race", inside: "Look inside" };

function Tabs() {
  const { tab } = settings.value;
  const names = Object.keys(titles) as Tab[];
  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = names[(names.indexOf(tab) + step + names.length) % names.length]!;
    openTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Parts of the playground" onKeyDown={move}>
      {names.map((name) => (
        <button
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-selected={tab === name}
          aria-controls="part"
          tabIndex={tab === name ? 0 : -1}
          onClick={() => openTab(name)}
          key={name}
        >
          {titles[name]}
        </button>
      ))}
    </div>
  );
}

/** The page. */
export function App() {
  const { tab } = settings.value;
  return (
    <>
      <header>
        <h1>
          gradtape <span>playground</span>
        </h1>
        <Tabs />
        <div class="header-actions">
          <button type="button" onClick={copyLink}>
            Copy link
          </button>
          {tab === "train" && (
            <button
              type="button"
              disabled={trainer.built.value === null}
              onClick={() => showCode(trainer)}
              data-action="code"
            >
              Show the code
            </button>
          )}
        </div>
      </header>
      {notices.value.map(({ id, text, tone }) => (
        <div class={`notice ${tone}`} role={tone === "problem" ? "alert" : "status"} key={id}>
          <p>{text}</p>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ✕
          </button>
        </div>
      ))}
      <main>
        <div id="part" role="tabpanel" aria-labelledby={`tab-${tab}`}>
          {tab === "train" && <Train />}
          {tab === "race" && <RacePart />}
          {tab === "inside" && <InsidePart />}
        </div>
      </main>
      <TakeHome />
      <Drop />
    </>
  );
}

import "./style/base.css";
import "./style/controls.css";
import "./style/train.css";
import "./style/network.css";
import "./style/result.css";
import "./style/take-home.css";
import "./style/own.css";
import "./style/race.css";
import "./style/narrow.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { start } from "./state.ts";

const app = document.getElementById("app")!;
app.replaceChildren();
render(<App />, app);
start();
